// The states of a slot: live → nil by an erase; nil → expunged by a compacting build of dirty;
// expunged → live through dirty first; nil → live by one CAS, with no lock.

#include <maps/mutex_watch.hpp>
#include <support/child.hpp>
#include <twinmap/platform/error.hpp>

#include <signal.h>

#include <chrono>

#include "fixture.hpp"

namespace protocol_tests {
namespace {

constexpr std::uint64_t keys = 100;
constexpr std::uint64_t erased = 90;

class Deleted : public Transition {
 protected:
  void erase_most() {
    for (std::uint64_t key = 0; key < erased; ++key)
      EXPECT_TRUE(map.erase(key));
  }
  // Read holds 10 live and 90 expunged slots; dirty holds the live ones and key `keys`.
  void expunge_most() {
    fill_read(keys);
    erase_most();
    map.store(keys, 1);
  }
};

TEST_F(Deleted, EraseMakesALiveSlotNil) {
  fill_read(keys);
  const auto before = map.slot_of(4);
  EXPECT_TRUE(map.erase(4));
  const auto after = map.slot_of(4);
  ASSERT_TRUE(after.has_value()) << "the slot goes on naming the key";
  EXPECT_EQ(after->state, entry_state::nil);
  EXPECT_EQ(after->number, before->number);
  EXPECT_GT(after->version, before->version);
  EXPECT_EQ(map.load(4), std::nullopt);
  EXPECT_FALSE(map.erase(4));
}

TEST_F(Deleted, NilBecomesExpungedInACompactingBuild) {
  fill_read(keys);
  erase_most();
  EXPECT_EQ(map.stats(true).entries_nil, erased);

  map.store(keys, 1);

  const auto now = map.stats(true);
  EXPECT_EQ(now.entries_expunged, erased);
  EXPECT_EQ(now.entries_nil, 0u);
  EXPECT_EQ(map.counted(counter::expunged), erased);
  EXPECT_EQ(now.dirty_words, keys - erased + 1) << "dirty holds no expunged slot";
  EXPECT_EQ(state_of(0), entry_state::expunged);
  EXPECT_EQ(place_of(0), slot_place::read);
  EXPECT_EQ(map.load(0), std::nullopt);
  EXPECT_FALSE(map.erase(0));
  EXPECT_FALSE(map.compare_exchange(0, 0, 1));
}

TEST_F(Deleted, AFewNilSlotsAreCopiedIntoDirtyAsTheyAre) {
  fill_read(keys);
  map.erase(4);
  map.store(keys, 1);
  EXPECT_EQ(state_of(4), entry_state::nil);
  EXPECT_EQ(place_of(4), slot_place::both);
  EXPECT_EQ(map.counted(counter::expunged), 0u);
}

TEST_F(Deleted, ExpungedComesBackLiveThroughDirtyFirst) {
  expunge_most();
  ASSERT_EQ(state_of(5), entry_state::expunged);
  const std::uint64_t slot = map.slot_of(5)->number;

  map.store(5, 55);

  EXPECT_EQ(map.counted(counter::unexpunged), 1u);
  EXPECT_EQ(map.slot_of(5)->number, slot) << "read points at this slot: it is the one to revive";
  EXPECT_EQ(state_of(5), entry_state::live_inline);
  EXPECT_EQ(place_of(5), slot_place::both) << "not expunged in read: then it is in dirty";
  EXPECT_EQ(map.load(5), 55u);
  ASSERT_TRUE(map.promote());
  EXPECT_EQ(map.load(5), 55u) << "lost by the promotion: it was not in dirty";
}

TEST_F(Deleted, EveryWayToStoreRevivesAnExpungedKeyOnce) {
  expunge_most();
  map.store(1, 11);
  EXPECT_EQ(map.exchange(2, 12), std::nullopt);
  EXPECT_EQ(map.load_or_store(3, 13), std::pair(std::uint64_t{13}, false));
  EXPECT_EQ(map.load_or_store(3, 14), std::pair(std::uint64_t{13}, true));
  EXPECT_EQ(map.counted(counter::unexpunged), 3u);
  ASSERT_TRUE(map.promote());
  EXPECT_EQ(map.load(1), 11u);
  EXPECT_EQ(map.load(2), 12u);
  EXPECT_EQ(map.load(3), 13u);
  EXPECT_EQ(map.size(), keys - erased + 1 + 3);
  EXPECT_EQ(map.count(), map.size());
}

TEST_F(Deleted, ExpungedSlotsAreFreedOnceTheTableThatHeldThemIsGone) {
  expunge_most();
  const std::uint64_t slots = map.stats().slots_used;
  ASSERT_TRUE(map.promote());
  for (std::uint64_t key = 1000; key < 1000 + 2 * erased; ++key) {
    map.store(key, key);
    map.erase(key - 1);
  }
  EXPECT_EQ(map.stats(true).entries_expunged, 0u);
  EXPECT_LT(map.stats().slots_used, slots + 2 * erased) << "freed slots are used again";
}

TEST_F(Deleted, ADirtyOnlyKeyIsDeletedInItsSlot) {
  fill_read(keys);
  map.store(keys, 1);
  ASSERT_EQ(place_of(keys), slot_place::dirty);
  const std::uint64_t slot = map.slot_of(keys)->number;
  const std::uint64_t waits = map.counted(counter::lock_waits);

  EXPECT_EQ(map.load_and_erase(keys), 1u);

  EXPECT_EQ(state_of(keys), entry_state::nil);
  EXPECT_EQ(place_of(keys), slot_place::dirty);
  EXPECT_EQ(map.load(keys), std::nullopt);
  EXPECT_FALSE(map.erase(keys));
  EXPECT_EQ(map.size(), keys);
  EXPECT_EQ(map.counted(counter::lock_waits), waits);
  ASSERT_TRUE(map.promote());
  EXPECT_EQ(map.load(keys), std::nullopt) << "a promotion brings no deleted key back";
  map.store(keys, 2);
  EXPECT_EQ(map.load(keys), 2u);
  EXPECT_EQ(map.slot_of(keys)->number, slot);
}

// The proof that no lock is taken: the mutex is in the hands of a stopped process.
TEST_F(Deleted, NilIsRevivedWithoutTheLock) {
  fill_read(keys);
  insert(keys, keys + 1);  // and a key that only dirty holds
  test_support::child inserter([&] {
    map_type own(attach_mode::open_only, name, one_by_one());
    test_maps::insert_for_ever(own, 1u);
  });
  ASSERT_TRUE(test_maps::stop_with_mutex(inserter, map.raw(), true));

  test_maps::raw_settings impatient = one_by_one();
  impatient.lock_timeout = std::chrono::milliseconds(200);
  map_type other(attach_mode::open_only, name, impatient);
  const std::uint64_t revived = map.counted(counter::revived);
  EXPECT_TRUE(other.erase(3));
  EXPECT_EQ(state_of(3), entry_state::nil);
  EXPECT_NO_THROW(other.store(3, 33));
  EXPECT_EQ(other.load(3), 33u);
  EXPECT_TRUE(other.erase(keys));
  EXPECT_NO_THROW(other.store(keys, 34));
  EXPECT_EQ(other.load(keys), 34u);
  EXPECT_EQ(other.counted(counter::revived), revived + 2);
  EXPECT_THROW(other.store(77'777'777, 1), twinmap::error) << "was the mutex held at all?";

  inserter.cont();
  inserter.kill(SIGKILL);
  inserter.wait();
  other.store(77'777'777, 1);
  EXPECT_EQ(map.load(3), 33u);
}

}  // namespace
}  // namespace protocol_tests
