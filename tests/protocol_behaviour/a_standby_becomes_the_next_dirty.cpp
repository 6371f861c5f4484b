// A copy of dirty that was made beforehand is the next dirty as soon as dirty is read: the insert
// that follows copies nothing. Whatever happened to dirty since the copy was begun is in the copy,
// or the copy is not used.

#include "fixture.hpp"

#include <support/child.hpp>

#include <twinmap/protocol/standby.hpp>
#include <twinmap/storage/table_words.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>
#include <utility>
#include <vector>

namespace protocol_tests {
namespace {

namespace storage = twinmap::storage;
using twinmap::protocol::standby_copier;
using twinmap::protocol::standby_state;
using progress = standby_copier::progress;

class Standby : public Transition {
 protected:
  standby_state state() const {
    return static_cast<standby_state>(map.raw().view.header->standby.state.load());
  }
  std::uint64_t builds() const { return map.counted(counter::dirty_builds); }
  void expect_keys(std::uint64_t first, std::uint64_t last) const {
    for (std::uint64_t key = first; key < last; ++key)
      EXPECT_EQ(map.load(key), key * 10) << key;
  }
  // Nothing that was copied is lost memory.
  void expect_no_leak() const {
    const auto report = map.check();
    EXPECT_EQ(report.used_bytes, report.reachable_bytes);
  }
  // Copies some groups, so that the standby is known to all and not complete.
  static void copy_groups(standby_copier& copier, const map_type& of) {
    while (of.raw().view.header->standby.state.load() !=
           static_cast<std::uint32_t>(standby_state::copying))
      ASSERT_EQ(copier.step(8), progress::copying);
    ASSERT_EQ(copier.step(1), progress::copying);
  }
  // A process that dies in the middle of a copy.
  void die_copying() const {
    test_support::child copier([this] {
      const map_type own(attach_mode::open_only, name, one_by_one());
      standby_copier half(own.raw());
      copy_groups(half, own);
      ::raise(SIGKILL);
    });
    copier.wait();
    ASSERT_EQ(state(), standby_state::copying);
  }
  // Somebody else has the mutex meanwhile.
  template <class F>
  void while_held(F f) {
    std::atomic<bool> held{false};
    std::atomic<bool> done{false};
    std::thread holder([&] {
      twinmap::protocol::writer by = twinmap::protocol::begin_care(map.raw());
      const twinmap::protocol::locked_section at(by);
      held = true;
      while (!done.load())
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    });
    while (!held.load())
      std::this_thread::yield();
    f();
    done = true;
    holder.join();
  }
  // Another handle, that does not wait for the mutex.
  map_type hasty() const {
    test_maps::raw_settings settings = one_by_one();
    settings.lock_timeout = std::chrono::milliseconds(1);
    return {attach_mode::open_only, name, settings};
  }
};

TEST_F(Standby, NothingToCopyWhereReadIsNotAmended) {
  EXPECT_FALSE(map.prepare_standby());
  fill_read(100);
  EXPECT_FALSE(map.prepare_standby());
}

TEST_F(Standby, TheInsertAfterAPromotionFindsItsDirtyReady) {
  fill_read(1000);
  insert(1000, 1100);
  ASSERT_TRUE(map.prepare_standby());
  ASSERT_TRUE(map.promote());
  const auto promoted = map.stats();
  EXPECT_FALSE(promoted.amended);
  EXPECT_EQ(promoted.read_words, 1100u);
  EXPECT_EQ(promoted.dirty_words, 1100u) << "no dirty was installed";
  expect_keys(0, 1100);
  EXPECT_FALSE(map.contains(5000));
  expect_sound();
  const std::uint64_t before = builds();
  insert(1100, 1150);
  EXPECT_EQ(builds(), before) << "the insert copied the index";
  EXPECT_TRUE(map.stats().amended);
  expect_keys(0, 1150);
  EXPECT_EQ(place_of(1120), slot_place::dirty);
  EXPECT_EQ(place_of(1050), slot_place::both);
  expect_no_leak();
}

TEST_F(Standby, KeysThatComeWhileItIsCopiedAreInIt) {
  fill_read(300);
  insert(300, 302);
  const std::uint64_t growths = map.counted(counter::dirty_growths);
  standby_copier copier(map.raw());
  copy_groups(copier, map);
  insert(302, 305);
  while (copier.step(1) == progress::copying) {
  }
  ASSERT_EQ(state(), standby_state::ready);
  insert(305, 310);  // and after it was ready
  ASSERT_EQ(map.counted(counter::dirty_growths), growths);
  ASSERT_TRUE(map.promote());
  EXPECT_EQ(map.stats().dirty_words, 310u);
  expect_sound();
  insert(310, 311);
  expect_keys(0, 311);
}

TEST_F(Standby, ALargerOneIsMadeWhereDirtyIsNearlyFull) {
  fill_read(1000);
  std::uint64_t next = 1000;
  insert(next, next + 1);
  const std::uint64_t growths = map.counted(counter::dirty_growths);
  const auto places = map.stats().dirty_places;
  const std::uint64_t limit = storage::fill_limit(
      storage::root_word::make(0, places / storage::narrow_group::per_group, false, 0));
  while (map.stats().dirty_words * 15 < limit * 14) {
    insert(next, next + 1);
    ++next;
  }
  ASSERT_TRUE(map.prepare_standby());
  insert(next, next + 20);
  ASSERT_EQ(map.counted(counter::dirty_growths), growths);
  ASSERT_TRUE(map.promote());
  EXPECT_GT(map.stats().dirty_places, places);
  EXPECT_EQ(map.stats().dirty_words, next + 20);
  insert(next + 20, next + 100);
  EXPECT_EQ(map.counted(counter::dirty_growths), growths) << "the insert had to grow dirty";
  expect_keys(0, next + 100);
  expect_no_leak();
}

TEST_F(Standby, ADirtyThatGrewMeanwhileIsNotTheOneThatWasCopied) {
  fill_read(100);
  insert(100, 101);
  standby_copier copier(map.raw());
  copy_groups(copier, map);
  insert(101, 2000);
  EXPECT_EQ(state(), standby_state::abandoned);
  EXPECT_EQ(copier.step(1), progress::nothing);
  EXPECT_EQ(state(), standby_state::none);
  expect_keys(0, 2000);
  expect_no_leak();
  ASSERT_TRUE(map.prepare_standby());
  insert(2000, 6000);
  EXPECT_EQ(state(), standby_state::none) << "a ready one is dropped";
  expect_keys(0, 6000);
  expect_no_leak();
}

TEST_F(Standby, AKeyThatLeavesDirtyMakesItUseless) {
  fill_read(100);
  insert(100, 120);
  ASSERT_TRUE(map.prepare_standby());
  for (std::uint64_t key = 0; key != 110; ++key)
    map.erase(key);
  insert(200, 201);
  ASSERT_EQ(state(), standby_state::ready) << "an erased key is still named";
  {
    twinmap::protocol::writer by = twinmap::protocol::begin_care(map.raw());
    twinmap::protocol::locked_section at(by);
    EXPECT_GT(twinmap::protocol::purge_locked(at, 10), 0u);
  }
  EXPECT_EQ(state(), standby_state::none);
  expect_no_leak();
}

TEST_F(Standby, AKeyThatWasLeftOutOfDirtyComesBackIntoBoth) {
  fill_read(100);
  for (std::uint64_t key = 0; key != 90; ++key)
    map.erase(key);
  insert(200, 201);  // expunges
  ASSERT_EQ(state_of(5), entry_state::expunged);
  ASSERT_TRUE(map.prepare_standby());
  map.store(5, 50);
  ASSERT_EQ(place_of(5), slot_place::both);
  ASSERT_TRUE(map.promote());
  EXPECT_EQ(place_of(5), slot_place::both);
  EXPECT_EQ(map.load(5), 50u);
  expect_sound();
}

TEST_F(Standby, ALookupThatReachesTheThresholdInstallsIt) {
  fill_read(100);
  insert(100, 110);
  ASSERT_TRUE(map.prepare_standby());
  const std::uint64_t before = builds();
  const std::uint64_t promotions = map.counted(counter::promotions);
  for (int i = 0; i != 110; ++i)
    EXPECT_TRUE(map.contains(105));
  EXPECT_EQ(map.counted(counter::promotions), promotions + 1);
  EXPECT_EQ(map.stats().dirty_words, 110u);
  insert(110, 111);
  EXPECT_EQ(builds(), before);
}

TEST_F(Standby, WhatADeadCopierLeftComesBackWithASweep) {
  fill_read(1000);
  insert(1000, 1001);
  die_copying();
  EXPECT_TRUE(map.prepare_standby()) << "the dead one is in the way";
  ASSERT_TRUE(map.promote());
  insert(1001, 1002);
  die_copying();
  map.sweep();
  EXPECT_EQ(state(), standby_state::none);
  expect_no_leak();
}

TEST_F(Standby, ASweepThatDidNotGetTheMutexIsStillWanted) {
  fill_read(1000);
  insert(1000, 1001);
  die_copying();
  map_type other = hasty();
  while_held([&] { EXPECT_THROW(other.sweep(), twinmap::error); });
  EXPECT_GT(twinmap::protocol::look(other.raw()).deaths, 0u) << "nobody would sweep again";
  other.sweep();
  EXPECT_EQ(twinmap::protocol::look(other.raw()).deaths, 0u);
  EXPECT_EQ(state(), standby_state::none);
}

TEST_F(Standby, ACopierThatDoesNotGetTheMutexKeepsNothing) {
  fill_read(20'000);
  insert(20'000, 20'001);
  const map_type other = hasty();
  {
    standby_copier copier(other.raw());
    while_held([&] {
      EXPECT_THROW(
          {
            while (copier.step(8) == progress::copying) {
            }
          },
          twinmap::error);
      EXPECT_THROW(copier.step(8), twinmap::error) << "it goes on where it was";
    });
    while (state() != standby_state::copying)
      ASSERT_EQ(copier.step(8), progress::copying);
    while_held([&] {
      map.raw().view.header->standby.state.store(
          static_cast<std::uint32_t>(standby_state::abandoned));
      EXPECT_THROW(copier.step(8), twinmap::error) << "it cannot give up now";
    });
    EXPECT_EQ(copier.step(8), progress::nothing);
    EXPECT_EQ(state(), standby_state::none);
    copier.step(8);  // begins, and ends with its object
  }
  expect_no_leak();
  EXPECT_TRUE(map.prepare_standby());
}

TEST_F(Standby, LeavesTheRoomThatAnEraseMade) {
  using text_map = test_maps::raw_map<std::uint64_t, std::string>;
  test_maps::raw_settings settings;
  settings.max_bytes = 16u << 20;
  const test_support::scoped_name full_name;
  text_map full(attach_mode::create_only, full_name, settings);
  for (std::uint64_t key = 0; key != 20'000; ++key)
    full.store(key, "x");
  full.promote();
  full.store(20'000, "x");
  const std::string large(1u << 20, 'l');
  std::uint64_t key = 30'000;
  EXPECT_THROW(
      {
        for (;; ++key)
          full.store(key, large);
      },
      twinmap::error);
  ASSERT_TRUE(full.erase(30'000));
  full.prepare_standby();
  EXPECT_NO_THROW(full.store(key, large));
}

TEST_F(Standby, AScribbledLeaseIsNoDeath) {
  fill_read(100);
  map.raw().view.lease(200).who.held.store(1);
  EXPECT_EQ(twinmap::protocol::tend(map.raw()), 0u);
}

TEST_F(Standby, CompactionLeavesAbsentKeysOutAtOnce) {
  fill_read(1000);
  insert(1000, 1010);
  for (std::uint64_t key = 0; key != 600; ++key)
    map.erase(key);
  EXPECT_TRUE(map.compact());
  const auto now = map.stats(true);
  EXPECT_EQ(now.read_words, 410u);
  EXPECT_FALSE(now.amended);
  EXPECT_EQ(now.entries_expunged, 0u);
  EXPECT_EQ(now.entries_nil, 0u);
  EXPECT_EQ(now.entries_free, 600u);
  EXPECT_FALSE(map.compact()) << "nothing is left to leave out";
  expect_keys(600, 1010);
  insert(0, 600);
  EXPECT_EQ(map.stats().slots_used, now.slots_used) << "the slots were not used again";
  expect_keys(0, 1010);
  expect_no_leak();
}

// The property: whatever runs beside a copier that never stops, no key that was inserted is lost,
// and the tables stay sound.
TEST_F(Standby, InsertsBesideACopierLoseNothing) {
  constexpr std::uint64_t enough = 10;
  constexpr std::uint64_t filled = 50'000;  // so that a few inserts do not make dirty grow
  constexpr std::uint64_t most_keys = 500'000;
  fill_read(filled);
  std::atomic<std::uint64_t> ready{0};
  std::atomic<std::uint64_t> inserting{2};
  const auto insert_until_enough = [&](std::uint64_t first) {
    std::uint64_t key = first;
    for (; key != first + most_keys && ready.load() < enough; ++key) {
      map.store(key, key * 10);
      if (key % 3 == 0) map.erase(key - (key - first) / 2);
      if (key % 64 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    --inserting;
    return key;
  };
  std::thread caretaker([&] {
    while (inserting.load() != 0) {
      if (map.prepare_standby()) ++ready;
      map.promote();
    }
  });
  std::uint64_t other_end = 0;
  std::thread other([&] { other_end = insert_until_enough(2 * most_keys); });
  const std::uint64_t end = insert_until_enough(most_keys);
  other.join();
  caretaker.join();
  EXPECT_GE(ready.load(), enough);
  for (const auto& [first, last] : {std::pair{most_keys, end}, {2 * most_keys, other_end}}) {
    std::vector<bool> there(last - first, true);
    for (std::uint64_t key = first; key != last; ++key)
      if (key % 3 == 0) there[key - (key - first) / 2 - first] = false;
    for (std::uint64_t key = first; key != last; ++key)
      EXPECT_EQ(map.contains(key), there[key - first]) << key;
  }
}

}  // namespace
}  // namespace protocol_tests
