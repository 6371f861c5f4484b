// The insert column of the protocol's table: mutex, build dirty if there is none, amended, insert.

#include "fixture.hpp"

namespace protocol_tests {
namespace {

constexpr std::uint64_t keys = 100;

TEST_F(Transition, DirtyIsBuiltFromRead) {
  fill_read(keys);
  const std::uint64_t builds = map.counted(counter::dirty_builds);

  map.store(keys, 1);

  EXPECT_EQ(map.counted(counter::dirty_builds), builds + 1);
  const auto now = map.stats();
  EXPECT_EQ(now.read_words, keys) << "read is not touched by an insert";
  EXPECT_EQ(now.dirty_words, keys + 1) << "dirty holds every key of read, and the new one";
  for (std::uint64_t key = 0; key < keys; ++key)
    EXPECT_EQ(place_of(key), slot_place::both) << key;
}

// A tight build uses all of its chunks, so it may have more groups than read although as many words
// would do. A few promotions long, until the heap cannot be made larger and chunks come round.
TEST(TightMemory, LetsDirtyHaveMoreGroupsThanReadAndEachKeyItsPlace) {
  test_maps::raw_settings settings = one_by_one();
  settings.max_bytes = 1u << 20;
  const test_support::scoped_name name;
  map_type map(attach_mode::create_only, name, settings);
  for (std::uint64_t key = 0; key < keys; ++key)
    map.store(key, key * 10);
  for (std::uint64_t key = keys; key < keys + 20; ++key) {
    ASSERT_TRUE(map.promote());
    map.raw().view.header->allocation.tight.store(1);
    map.store(key, key * 10);
    for (const std::string& finding : map.check().findings)
      FAIL() << finding;
    for (std::uint64_t present = 0; present <= key; ++present)
      ASSERT_EQ(map.load(present), present * 10) << present << " of " << key;
  }
}

TEST_F(Transition, AmendedIsSetByTheFirstKeyThatOnlyDirtyHolds) {
  fill_read(keys);
  EXPECT_FALSE(map.stats().amended);

  map.store(0, 7);
  map.erase(1);
  EXPECT_FALSE(map.stats().amended) << "a key that read holds amends nothing";

  map.store(keys, 1);
  EXPECT_TRUE(map.stats().amended);
  EXPECT_EQ(place_of(keys), slot_place::dirty);
}

TEST_F(Transition, TheSecondNewKeyUsesTheDirtyThatIsThere) {
  fill_read(keys);
  map.store(keys, 1);
  const std::uint64_t builds = map.counted(counter::dirty_builds);

  map.store(keys + 1, 1);

  EXPECT_EQ(map.counted(counter::dirty_builds), builds);
  EXPECT_EQ(map.stats().dirty_words, keys + 2);
  EXPECT_EQ(map.stats().read_words, keys);
}

TEST_F(Transition, StatsTellWhatOnlyDirtyHoldsAndHowFullTheTablesAre) {
  fill_read(keys);
  const auto before = map.stats();
  EXPECT_EQ(before.dirty_only, 0u);
  EXPECT_EQ(before.dirty_places, 0u) << "there is no dirty";
  EXPECT_GE(before.read_places, keys);

  map.store(keys, 1);
  map.store(keys + 1, 1);

  const auto amended = map.stats();
  EXPECT_EQ(amended.dirty_only, 2u);
  EXPECT_GE(amended.dirty_places, keys + 2);
  EXPECT_EQ(amended.read_places, before.read_places);
  EXPECT_EQ(amended.generation, before.generation) << "a new key leaves read as it is";

  ASSERT_TRUE(map.promote());
  const auto after = map.stats();
  EXPECT_EQ(after.dirty_only, 0u);
  EXPECT_EQ(after.read_places, amended.dirty_places) << "dirty became read";
  EXPECT_NE(after.generation, before.generation);
}

TEST_F(Transition, BothMapsPointAtTheSameSlot) {
  fill_read(keys);
  map.store(keys, 1);
  const std::uint64_t slot = map.slot_of(5)->number;

  map.store(5, 4242);

  EXPECT_EQ(map.slot_of(5)->number, slot) << "a store to an existing key changes its slot in place";
  ASSERT_TRUE(map.promote());
  EXPECT_EQ(map.load(5), 4242u) << "and so what the old read stored is in the new one";
  EXPECT_EQ(map.slot_of(5)->number, slot);
}

TEST_F(Transition, AKeyInsertedTwiceTakesOneSlot) {
  fill_read(keys);
  for (int i = 0; i < 10; ++i)
    map.store(keys, 1);
  EXPECT_EQ(map.stats(true).entries_live, keys + 1);
  EXPECT_EQ(map.size(), keys + 1);
}

}  // namespace
}  // namespace protocol_tests
