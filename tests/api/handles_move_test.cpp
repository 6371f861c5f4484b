// A handle moves with its attachment: by construction, by assignment, in containers, to threads.
#include <api/fresh_map.hpp>

#include <thread>
#include <type_traits>
#include <vector>

namespace api_test {
namespace {

using number_map = twinmap::map<u64, u64>;
static_assert(std::is_nothrow_move_constructible_v<number_map>);
static_assert(std::is_nothrow_move_assignable_v<number_map>);
static_assert(std::is_nothrow_default_constructible_v<number_map>);
static_assert(!std::is_copy_constructible_v<number_map>);
static_assert(!std::is_copy_assignable_v<number_map>);
static_assert(!std::is_convertible_v<number_map, bool>);
static_assert(std::is_nothrow_move_constructible_v<twinmap::bytes_map>);

TEST(Handles, MoveByConstructionAndAssignment) {
  fresh_map<u64, u64> first;
  fresh_map<u64, u64> second;
  first.map.store(1, 10);
  second.map.store(1, 20);
  number_map handle(std::move(first.map));
  EXPECT_EQ(handle.load(1), 10u);
  EXPECT_TRUE(handle.created());
  EXPECT_EQ(handle.name(), first.name.str());
  handle = std::move(second.map);
  EXPECT_EQ(handle.load(1), 20u);
  EXPECT_EQ(handle.name(), second.name.str());
  handle.store(2, 30);
  EXPECT_EQ(second.attach(twinmap::open_only).load(2), 30u);
  EXPECT_EQ(first.attach(twinmap::open_only).load(1), 10u);
  handle = number_map();
  EXPECT_FALSE(handle);
}

TEST(Handles, LiveInContainersAndMoveToThreads) {
  constexpr u64 count = 20;
  std::vector<fresh_map<u64, u64>> owners(count);
  std::vector<number_map> handles;
  for (auto& owner : owners)
    handles.push_back(owner.attach(twinmap::open_only));
  for (u64 i = 0; i != count; ++i) {
    handles[i].store(0, i);
    EXPECT_EQ(owners[i].map.load(0), i);
  }
  std::thread taker([all = std::move(handles)]() mutable {
    for (u64 i = 0; i != count; ++i)
      EXPECT_EQ(all[i].fetch_add(0, 100), i);
  });
  taker.join();
  for (u64 i = 0; i != count; ++i)
    EXPECT_EQ(owners[i].map.load(0), i + 100);
}

// The threads' lookup counters belong to the attachment, not to the place in memory: a new handle
// where an old one lay starts with counters of its own.
TEST(Handles, OneAfterAnotherInTheSamePlaceCountForThemselves) {
  fresh_map<u64, u64> fresh;
  fresh.map.store(1, 1);
  for (int round = 0; round != 50; ++round) {
    number_map handle = fresh.attach(twinmap::open_only);
    EXPECT_EQ(handle.load(1), 1u);
    EXPECT_FALSE(handle.load(2));
  }
}

// One process may attach twice; the two see each other as two processes would.
TEST(Handles, TwoOfOneProcessAreTwoAttachments) {
  fresh_map<u64, u64> fresh;
  number_map other = fresh.attach(twinmap::open_only);
  EXPECT_TRUE(fresh.map.created());
  EXPECT_FALSE(other.created());
  for (u64 key = 0; key != 1000; ++key) {
    (key % 2 == 0 ? fresh.map : other).store(key, key);
    ASSERT_EQ((key % 2 == 0 ? other : fresh.map).load(key), key);
  }
  fresh.map.close();
  EXPECT_EQ(other.size(), 1000u);
  EXPECT_EQ(other.load(998), 998u);
}

}  // namespace
}  // namespace api_test
