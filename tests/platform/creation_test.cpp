// A segment's file is complete before it has a name: races of creators, killed creators, exact
// modes.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <support/child.hpp>
#include <support/privilege.hpp>
#include <support/sandbox.hpp>
#include <support/shared_page.hpp>

#include <filesystem>
#include <fstream>
#include <set>
#include <vector>

#include "seccomp.hpp"
#include "toy_map.hpp"

namespace platform_test {
namespace {

namespace fs = std::filesystem;
using test_support::child;
using test_support::scoped_directory;
using test_support::scoped_name;
using test_support::shared_page;
using test_support::start_gate;

std::set<std::string> names_in(const fs::path& directory) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory))
    names.insert(entry.path().filename());
  return names;
}

mode_t mode_of(const fs::path& file) {
  struct stat status = {};
  EXPECT_EQ(::stat(file.c_str(), &status), 0) << file;
  return status.st_mode & 07777;
}

TEST(Creation, HasNoNameBeforePublishAndNoneAfterFailure) {
  const scoped_directory place;
  const map_location where = {"m", place.path().string()};
  {
    const segment_file unpublished = segment_file::create(where, toy_size, {});
    EXPECT_TRUE(names_in(place.path()).empty());
  }
  segment_file first = segment_file::create(where, toy_size, {});
  segment_file second = segment_file::create(where, toy_size, {});
  EXPECT_TRUE(first.publish(where));
  EXPECT_FALSE(second.publish(where));
  EXPECT_EQ(names_in(place.path()), std::set<std::string>{"twinmap.m"});
  EXPECT_EQ(identity_of(where.segment_path()), first.identity());
}

TEST(Creation, IsSparseAndTheWholeSizeIsMapped) {
  const scoped_name name;
  segment_file made = segment_file::create(location_of(name), 8ull << 30, {});
  EXPECT_EQ(made.size(), 8ull << 30);
  EXPECT_EQ(made.resident_bytes(), 0u);
  EXPECT_FALSE(made.commit(4ull << 30, 4096));
  EXPECT_EQ(made.resident_bytes(), 4096u);
  made.base()[4ull << 30] = std::byte{1};
}

TEST(Creation, SaysThatAFileSizeLimitStandsInTheWay) {
  child limited([] {
    const scoped_name name;
    const struct rlimit limit = {1 << 20, 1 << 20};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    EXPECT_TRUE(code_of_call([&] { segment_file::create(location_of(name), 2 << 20, {}); }));
  });
  EXPECT_EQ(limited.wait(), 0);
}

void modes_are_exact() {
  for (const mode_t umask_bits : {0000u, 0022u, 0077u, 0777u}) {
    for (const mode_t mode : {0600u, 0640u, 0644u, 0660u, 0666u}) {
      ::umask(umask_bits);
      const scoped_name name;
      const toy_map map =
          toy_map::try_attach(location_of(name), {.mode = mode, .group = {}}).value();
      EXPECT_EQ(mode_of(name.segment_file()), mode) << std::oct << umask_bits;
      const mode_t for_lock = mode == 0640 || mode == 0644 ? 0600 : mode;
      EXPECT_EQ(mode_of(name.lock_file()), for_lock) << std::oct << umask_bits << " " << mode;
    }
  }
}

TEST(Creation, ModesAreExactWhateverTheUmask) {
  EXPECT_EQ(child(modes_are_exact).wait(), 0);
}

TEST(Creation, ModesAreExactWithTemporaryNamesToo) {
  child old_system([] {
    forbid_nameless_files();
    modes_are_exact();
  });
  EXPECT_EQ(old_system.wait(), 0);
}

TEST(Creation, RefusesModesThatAreNoPermissionBits) {
  const scoped_name name;
  EXPECT_TRUE(code_of_call(
      [&] { segment_file::create(location_of(name), toy_size, {.mode = 04600, .group = {}}); }));
}

TEST(Creation, GroupOfBothFilesIsTheOneAskedFor) {
  TWINMAP_REQUIRE_PRIVILEGE(change_user);
  const scoped_name name;
  const toy_map map = toy_map::attach(location_of(name), {.mode = 0660, .group = 54321});
  for (const fs::path& file : {name.segment_file(), name.lock_file()}) {
    struct stat status = {};
    ASSERT_EQ(::stat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_gid, 54321u) << file;
  }
}

void race_of_creators(bool nameless) {
  for (int round = 0; round != 30; ++round) {
    const scoped_name name;
    const shared_page<start_gate> gate;
    std::vector<child> creators;
    for (int i = 0; i != 6; ++i) {
      creators.emplace_back([&] {
        if (!nameless) forbid_nameless_files();
        gate->arrive_and_wait();
        toy_map map = toy_map::attach(location_of(name));
        map.pass(map.take());
      });
    }
    ASSERT_TRUE(gate->open_for(6));
    for (child& creator : creators)
      EXPECT_EQ(creator.wait(), 0);
    const toy_map map = toy_map::attach(location_of(name));
    EXPECT_EQ(map.header().violations, 0u);
    EXPECT_EQ(map.header().first, 6u);
  }
}

TEST(Creation, AllOfSixRacingCreatorsGetTheSameFiles) {
  race_of_creators(true);
}
TEST(Creation, AllOfSixRacingCreatorsGetTheSameFilesWithTemporaryNames) {
  race_of_creators(false);
}

void kill_creators(const fs::path& directory, bool nameless) {
  const map_location where = {"m", directory.string()};
  for (int round = 0; round != test_support::rounds(100, 1000); ++round) {
    child creator([&] {
      if (!nameless) forbid_nameless_files();
      for (;;) {
        toy_map map = toy_map::attach(where);
        map.pass(map.take());
        remove_files(where);
      }
    });
    std::this_thread::sleep_for(std::chrono::microseconds(random_number() % 5000));
    creator.kill(SIGKILL);
    ASSERT_EQ(creator.wait().signal, SIGKILL);
    const auto before = std::chrono::steady_clock::now();
    toy_map next = toy_map::attach(where);
    next.pass(next.take());
    EXPECT_LT(std::chrono::steady_clock::now() - before, 1s);
    EXPECT_EQ(next.header().violations, 0u);
    EXPECT_TRUE(remove_files(where));
  }
}

TEST(Creation, AKilledCreatorLeavesNothingThatStopsTheNext) {
  const scoped_directory place("/dev/shm");
  kill_creators(place.path(), true);
  EXPECT_TRUE(names_in(place.path()).empty());
}

TEST(Creation, AKilledCreatorStopsNobodyWithTemporaryNamesEither) {
  const scoped_directory place("/dev/shm");
  kill_creators(place.path(), false);
}

TEST(Creation, LeftOverTemporaryFilesAreRemovedByTheNextCreator) {
  const scoped_directory place;
  const map_location where = {"m", place.path().string()};
  const fs::path old = place / ".twinmap.m.1.00";
  const fs::path young = place / ".twinmap.m.1.01";
  const fs::path other = place / ".twinmap.n.1.00";
  for (const fs::path& file : {old, young, other})
    std::ofstream(file) << "x";
  for (const fs::path& file : {old, other}) {
    fs::last_write_time(file, fs::file_time_type::clock::now() - 2h);
  }
  child old_system([&] {
    forbid_nameless_files();
    segment_file made = segment_file::create(where, toy_size, {});
    EXPECT_TRUE(made.publish(where));
  });
  EXPECT_EQ(old_system.wait(), 0);
  EXPECT_EQ(names_in(place.path()),
            (std::set<std::string>{"twinmap.m", young.filename(), other.filename()}));
}

}  // namespace
}  // namespace platform_test
