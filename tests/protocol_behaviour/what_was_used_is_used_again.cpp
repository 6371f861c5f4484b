// Slots and blocks that serve again: nobody can take what is there now for what was there before,
// and nothing has to wait for a sweep.

#include <twinmap/admin.hpp>
#include <twinmap/map.hpp>

#include <string>

#include "fixture.hpp"

namespace protocol_tests {
namespace {

class UsedAgain : public Transition {
 protected:
  std::uint64_t version_of(std::uint64_t slot) const {
    std::uint64_t version = 0;
    twinmap::protocol::for_each_slot(map.raw(), [&](const twinmap::protocol::slot_info& each) {
      if (each.number != slot) return true;
      version = each.version;
      return false;
    });
    return version;
  }
};

// R2: who has seen the slot before sees that it is another one.
TEST_F(UsedAgain, ASlotHasALaterVersionThanEver) {
  fill_read(10);
  for (std::uint64_t i = 0; i != 1000; ++i)
    map.store(3, i);
  const std::uint64_t slot = map.slot_of(3)->number;
  EXPECT_TRUE(map.erase(3));
  std::uint64_t last = version_of(slot);
  ASSERT_GT(last, 1000u);
  EXPECT_TRUE(map.compact());
  EXPECT_GT(version_of(slot), last) << "it is free";
  last = version_of(slot);
  map.store(1000, 1);
  ASSERT_EQ(map.slot_of(1000)->number, slot) << "a freed slot is taken first";
  EXPECT_GT(version_of(slot), last);
}

// P8: a key that is erased and inserted again while a walk is under way, into a slot that the walk
// has not reached, was born after it began.
TEST_F(UsedAgain, AKeyThatMovesAheadOfAWalkIsShownOnce) {
  fill_read(10);
  ASSERT_TRUE(map.erase(9));
  ASSERT_TRUE(map.compact());  // the last slot is free
  int shown = 0;
  map.for_each([&](std::uint64_t key, std::uint64_t) {
    if (key != 0) return true;
    if (++shown != 1) return true;
    EXPECT_TRUE(map.erase(0));
    EXPECT_TRUE(map.compact());
    map.store(100, 1);  // takes the first slot
    map.store(0, 7);
    EXPECT_EQ(map.slot_of(0)->number, 10u);
    return true;
  });
  EXPECT_EQ(shown, 1);
}

TEST(UsedAgainInPlace, AKeyThatMovesAheadOfAWalkIsShownOnce) {
  const test_support::scoped_name name;
  twinmap::map<std::uint64_t, std::uint64_t> map(twinmap::create_only, name,
                                                 {.max_bytes = 64ull << 20});
  for (std::uint64_t key = 0; key != 10; ++key)
    map.store(key, key);
  ASSERT_TRUE(twinmap::promote(map));
  ASSERT_TRUE(map.erase(9));
  ASSERT_TRUE(twinmap::compact(map));
  int shown = 0;
  map.for_each([&](std::uint64_t key, std::uint64_t) {
    if (key != 0 || ++shown != 1) return;
    EXPECT_TRUE(map.erase(0));
    EXPECT_TRUE(twinmap::compact(map));
    map.store(100, 1);
    map.store(0, 7);
  });
  EXPECT_EQ(shown, 1);
  EXPECT_EQ(map.load(0), 7u);
}

using texts = test_maps::raw_map<std::string, std::string>;

TEST(Memory, OfALargeValueIsFreeAtOnceAllOfIt) {
  const test_support::scoped_name name;
  texts map(attach_mode::create_only, name, one_by_one());
  map.store("key", "x");
  ASSERT_TRUE(map.promote());
  const auto before = map.check();
  for (const std::size_t length :
       {std::size_t{20'000}, std::size_t{65'536}, std::size_t{500'000}}) {
    map.store("key", std::string(length, 'y'));
    EXPECT_GT(map.check().used_bytes, before.used_bytes);
    map.store("key", "x");
    const auto after = map.check();
    EXPECT_EQ(after.used_bytes, before.used_bytes) << length << ": no sweep has been made";
    EXPECT_TRUE(after.findings.empty());
  }
}

// P7: an erase makes room for anyone, not for the thread that erased.
TEST(Memory, OfAnErasedValueIsNobodys) {
  const test_support::scoped_name name;
  texts map(attach_mode::create_only, name, one_by_one());
  map.store("key", std::string(100, 'y'));
  const auto before = map.check();
  EXPECT_TRUE(map.erase("key"));
  const auto after = map.check();
  EXPECT_EQ(after.blocks_live, before.blocks_live - 1);
  EXPECT_EQ(after.blocks_leased, before.blocks_leased);
}

// P5: a sweep knows what names a block.
TEST(Memory, OfLongKeysSurvivesASweep) {
  const test_support::scoped_name name;
  texts map(attach_mode::create_only, name, one_by_one());
  const auto key_of = [](int i) { return std::to_string(i) + std::string(200, 'k'); };
  for (int i = 0; i != 100; ++i) {
    map.store(key_of(i), std::to_string(i));
    if (i % 10 == 9) map.sweep();
  }
  for (int i = 0; i != 100; ++i)
    EXPECT_EQ(map.load(key_of(i)), std::to_string(i));
  for (const std::string& finding : map.check().findings)
    ADD_FAILURE() << finding;
}

}  // namespace
}  // namespace protocol_tests
