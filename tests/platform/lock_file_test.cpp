// All writers of one segment have the same lock file open, whatever is removed and made meanwhile;
// and probing never takes the living for dead.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <support/child.hpp>
#include <support/privilege.hpp>
#include <support/shared_page.hpp>
#include <twinmap/platform/ofd_lock.hpp>

#include <filesystem>
#include <fstream>
#include <vector>

#include "toy_map.hpp"

namespace platform_test {
namespace {

namespace fs = std::filesystem;
using test_support::child;
using test_support::eventually;
using test_support::scoped_name;
using test_support::shared_page;
using twinmap::errc;

segment_file published(const map_location& where) {
  segment_file made = segment_file::create(where, toy_size, {});
  EXPECT_TRUE(made.publish(where));
  return made;
}

std::error_code code_of_lock(const map_location& where, const segment_file& segment,
                             segment_uuid uuid) {
  return code_of_call([&] { lock_file::open(where, segment, uuid, {}, 200ms); });
}

TEST(LockFile, ModesFollowWhoMayWrite) {
  EXPECT_EQ(lock_mode(0600), 0600u);
  EXPECT_EQ(lock_mode(0644), 0600u);
  EXPECT_EQ(lock_mode(0640), 0600u);
  EXPECT_EQ(lock_mode(0660), 0660u);
  EXPECT_EQ(lock_mode(0620), 0660u);
  EXPECT_EQ(lock_mode(0666), 0666u);
  EXPECT_EQ(lock_mode(0400), 0600u);
}

TEST(LockFile, OneOfAnEarlierSegmentIsReplacedOneOfThisIsKept) {
  const scoped_name name;
  const map_location where = location_of(name);
  const segment_file segment = published(where);
  EXPECT_FALSE(code_of_lock(where, segment, {1, 1}));
  const auto earlier = identity_of(where.lock_path());
  EXPECT_FALSE(code_of_lock(where, segment, {1, 1}));
  EXPECT_EQ(identity_of(where.lock_path()), earlier);
  EXPECT_FALSE(code_of_lock(where, segment, {2, 2}));
  EXPECT_NE(identity_of(where.lock_path()), earlier);
}

TEST(LockFile, WhatIsNoLockFileIsCorruptedAndLeftAlone) {
  const scoped_name name;
  const map_location where = location_of(name);
  const segment_file segment = published(where);
  for (const std::string& content :
       {std::string(), std::string(31, 'x'), std::string(4096, '\0')}) {
    std::ofstream(where.lock_path()) << content;
    ::chmod(where.lock_path().c_str(), 0600);
    EXPECT_EQ(code_of_lock(where, segment, {1, 1}), errc::corrupted);
    EXPECT_EQ(fs::file_size(where.lock_path()), content.size());
    EXPECT_TRUE(remove_files({"no-such-map", where.directory}) == false);
  }
  fs::remove(where.lock_path());
  fs::create_symlink("/dev/null", where.lock_path());
  EXPECT_EQ(code_of_lock(where, segment, {1, 1}), errc::permission_denied);
}

TEST(LockFile, ThatAnybodyCanWriteIsRefused) {
  const scoped_name name;
  const map_location where = location_of(name);
  const segment_file segment = published(where);
  ASSERT_FALSE(code_of_lock(where, segment, {1, 1}));
  ASSERT_EQ(::chmod(where.lock_path().c_str(), 0602), 0);
  EXPECT_EQ(code_of_lock(where, segment, {1, 1}), errc::permission_denied);
}

TEST(LockFile, ThatSomebodyElseMadeIsRefused) {
  TWINMAP_REQUIRE_PRIVILEGE(change_user);
  const scoped_name name;
  const map_location where = location_of(name);
  const segment_file segment = published(where);
  ASSERT_FALSE(code_of_lock(where, segment, {1, 1}));
  constexpr uid_t somebody = 4711;
  ASSERT_EQ(::chown(where.lock_path().c_str(), somebody, somebody), 0);
  EXPECT_EQ(code_of_lock(where, segment, {1, 1}), errc::permission_denied);
}

TEST(LockFile, IsNotMadeForASegmentThatLostItsName) {
  const scoped_name name;
  const map_location where = location_of(name);
  const segment_file old = published(where);
  ASSERT_TRUE(remove_files(where));
  EXPECT_EQ(code_of_lock(where, old, {1, 1}), errc::not_found);
  EXPECT_FALSE(fs::exists(where.lock_path()));
  const segment_file next = published(where);
  EXPECT_FALSE(code_of_lock(where, next, {2, 2}));
  const auto theirs = identity_of(where.lock_path());
  EXPECT_EQ(code_of_lock(where, old, {1, 1}), errc::not_found);
  EXPECT_EQ(identity_of(where.lock_path()), theirs) << "a living map's lock file was replaced";
}

TEST(LockFile, RemovalTakesBothFilesAndOnlyOnce) {
  const scoped_name name;
  const map_location where = location_of(name);
  toy_map map = toy_map::attach(where);
  EXPECT_TRUE(remove_files(where));
  EXPECT_FALSE(fs::exists(where.segment_path()));
  EXPECT_FALSE(fs::exists(where.lock_path()));
  EXPECT_FALSE(remove_files(where));
  // Whoever is attached goes on: leases are taken through the anchor.
  const lease mine = map.take();
  EXPECT_TRUE(mine.valid());
  EXPECT_FALSE(map.dead(mine.id()));
}

TEST(LockFile, RemovalOfWhatIsNoFileSaysWhyItStays) {
  const scoped_name name;
  const map_location where = location_of(name);
  fs::create_directory(where.segment_path());
  EXPECT_EQ(code_of_call([&] { remove_files(where); }), std::errc::is_a_directory);
  EXPECT_TRUE(fs::remove(where.segment_path()));
}

// Others than those of this version may remove it while nobody else does.
TEST(LockFile, WaitsForWhoHasALeftOverForHimselfAndSaysSo) {
  const scoped_name name;
  const map_location where = location_of(name);
  const segment_file segment = published(where);
  ASSERT_FALSE(code_of_lock(where, segment, {1, 1}));
  const int remover = ::open(where.lock_path().c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_TRUE(try_lock_byte(remover, 0));
  EXPECT_EQ(code_of_lock(where, segment, {2, 2}), errc::lock_timeout);
  ::close(remover);
  EXPECT_FALSE(code_of_lock(where, segment, {2, 2}));
}

// The invariant of lock_file.hpp under a storm: the toy map notes the lock file of the first who
// attached to a segment, and counts everybody who got another one.
TEST(LockFile, IsTheSameForAllWritersOfASegmentWhileNamesComeAndGo) {
  const scoped_name name;
  const map_location where = location_of(name);
  struct tally {
    std::atomic<long> attached{0}, removed{0}, violations{0};
    std::atomic<bool> stop{false};
  };
  const shared_page<tally> counts;
  std::vector<child> crowd;
  for (int i = 0; i != 6; ++i) {
    crowd.emplace_back([&] {
      while (!counts->stop) {
        auto map = toy_map::try_attach(where);
        if (!map) continue;
        ++counts->attached;
        {
          const lease mine = map->take();
          map->pass(mine, std::chrono::microseconds(random_number() % 50));
        }
        if (random_number() % 4 == 0 && remove_files(where)) ++counts->removed;
        counts->violations += static_cast<long>(map->header().violations.exchange(0));
      }
    });
  }
  std::this_thread::sleep_for(test_support::rounds(2000ms, 60000ms));
  EXPECT_TRUE(eventually([&] { return counts->attached > 1000 && counts->removed > 100; }, 60s))
      << counts->attached << " attached, " << counts->removed << " removed: this shows nothing";
  counts->stop = true;
  for (child& one : crowd)
    EXPECT_EQ(one.wait(), 0);
  EXPECT_EQ(counts->violations, 0);
}

TEST(Probe, ADescriptorThatWasClosedBehindOurBackIsReplaced) {
  const scoped_name name;
  toy_map map = toy_map::attach(location_of(name));
  const lease mine = map.take();
  // What a careless daemon does to all descriptors that it does not know.
  for (int number = 3; number != 64; ++number)
    ::close(number);
  EXPECT_FALSE(map.dead(mine.id()));
  const lease_id gone = map.take().id();
  EXPECT_TRUE(map.dead(gone));
}

TEST(Probe, ADescriptorThatBecameAnotherFilesNeverMakesTheLivingLookDead) {
  const scoped_name name;
  toy_map map = toy_map::attach(location_of(name));
  const lease mine = map.take();
  // Every number means another file now: first /dev/null, then the lock file itself through a
  // description with locks.
  const int other = ::open("/dev/null", O_RDWR);
  for (int number = 3; number != 64; ++number) {
    if (number != other) ::dup2(other, number);
  }
  EXPECT_FALSE(map.dead(mine.id()));
  fs::remove(name.lock_file());
  EXPECT_FALSE(map.dead(mine.id()));
  for (int number = 3; number != 64; ++number)
    ::close(number);
}

TEST(Probe, WhenNothingCanBeKnownAllAreAlive) {
  const scoped_name name;
  toy_map map = toy_map::attach(location_of(name));
  const lease_id gone = map.take().id();
  EXPECT_TRUE(map.dead(gone));
  fs::remove(name.lock_file());
  EXPECT_TRUE(map.dead(gone));
  for (int number = 3; number != 64; ++number)
    ::close(number);
  EXPECT_FALSE(map.dead(gone));
}

}  // namespace
}  // namespace platform_test
