// A name is taken from the file that it was meant for and from no other, and nobody waits for
// whoever is at it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <support/child.hpp>
#include <support/names.hpp>
#include <support/privilege.hpp>
#include <support/shared_page.hpp>
#include <twinmap/platform/ofd_lock.hpp>
#include <twinmap/platform/take_name.hpp>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "seccomp.hpp"

namespace platform_test {
namespace {

namespace fs = std::filesystem;
using namespace twinmap::platform;  // NOLINT: the layer under test
using test_support::child;
using test_support::scoped_directory;

// A file of a map, and who may take its name.
struct opened_file {
  explicit opened_file(const std::string& path, int how = 0)
      : file(::open(path.c_str(), O_RDWR | O_CLOEXEC | how, 0600)),
        name(path, identity_of(path).value()) {}
  unique_descriptor file;
  name_of_file name;
  name_taken take() const { return try_take_name(name, file.get()); }
};

opened_file make(const std::string& path) {
  return opened_file(path, O_CREAT | O_EXCL);
}

struct TakingAName : testing::Test {
  std::set<std::string> files() const {
    std::set<std::string> found;
    for (const auto& entry : fs::directory_iterator(place.path()))
      found.insert(entry.path().filename().string());
    return found;
  }
  const scoped_directory place{test_support::default_directory()};
  const std::string path = (place / "twinmap.m").string();
};

TEST_F(TakingAName, LeavesNothing) {
  const opened_file mine = make(path);
  EXPECT_EQ(mine.take(), name_taken::by_us);
  EXPECT_EQ(files(), std::set<std::string>());
  EXPECT_EQ(mine.take(), name_taken::by_another);
}

TEST_F(TakingAName, SparesTheNextFileOfThatName) {
  const opened_file mine = make(path);
  const opened_file another(path);
  const name_taker stopped(mine.name, mine.file.get());
  ASSERT_TRUE(stopped.ready());
  EXPECT_EQ(another.take(), name_taken::by_us);
  const opened_file next = make(path);
  EXPECT_EQ(mine.take(), name_taken::by_another);
  EXPECT_TRUE(next.name.leads_to_it());
}

// However late: the rename itself fails, and not the look before it.
TEST_F(TakingAName, SparesTheNextFileEvenIfNobodyLooks) {
  const opened_file mine = make(path);
  const opened_file another(path);
  {
    const name_taker stopped(mine.name, mine.file.get());
    EXPECT_EQ(another.take(), name_taken::by_us);
    clear_graves(place.path().string());
    const opened_file next = make(path);
    EXPECT_NE(
        ::renameat2(AT_FDCWD, path.c_str(), AT_FDCWD, mine.name.grave.c_str(), RENAME_NOREPLACE),
        0);
    EXPECT_EQ(errno, EEXIST);
    EXPECT_TRUE(next.name.leads_to_it());
  }
  EXPECT_EQ(files(), std::set<std::string>{"twinmap.m"}) << "the last who shares clears up";
}

TEST_F(TakingAName, OfTheDeadIsClearedUpByTheNextOne) {
  const opened_file mine = make(path);
  fs::rename(path, mine.name.grave);
  ASSERT_EQ(files().size(), 1u);
  clear_graves(place.path().string());
  EXPECT_EQ(files(), std::set<std::string>());
}

TEST_F(TakingAName, ClearsUpNothingElse) {
  const std::set<std::string> others{".removed.twinmap.m.1", ".removed.m", "twinmap.m",
                                     ".twinmap.m.1"};
  for (const std::string& other : others)
    make((place / other).string());
  clear_graves(place.path().string());
  EXPECT_EQ(files(), others);
}

TEST_F(TakingAName, IsRefusedWhereTheGraveIsSomebodyElses) {
  const opened_file mine = make(path);
  make(mine.name.grave);
  EXPECT_EQ(mine.take(), name_taken::refused);
  EXPECT_EQ(errno, EEXIST);
  EXPECT_TRUE(mine.name.leads_to_it());
}

// On such a file system one at a time may.
TEST_F(TakingAName, WaitsForItsTurnWhereNothingCanBeRenamedWithoutReplacing) {
  child old_system([&] {
    forbid_rename_without_replacing();
    const opened_file mine = make(path);
    const opened_file another(path);
    ASSERT_TRUE(try_lock_byte(another.file.get(), 0));
    EXPECT_EQ(mine.take(), name_taken::not_now);
    EXPECT_TRUE(mine.name.leads_to_it());
    unlock_byte(another.file.get(), 0);
    {
      const name_taker as_far_as_we_are(another.name, another.file.get());
      EXPECT_EQ(mine.take(), name_taken::not_now);
      EXPECT_TRUE(mine.name.leads_to_it());
    }
    EXPECT_EQ(mine.take(), name_taken::by_us);
    EXPECT_EQ(files(), std::set<std::string>());
    EXPECT_EQ(another.take(), name_taken::by_another);
  });
  EXPECT_EQ(old_system.wait(), 0);
}

// Each makes a file of the name, and takes the name from whatever file he finds there. None loses
// its name but to one who was after it.
TEST_F(TakingAName, OfManyAtOnceTakesEachNameOnce) {
  struct tally {
    std::atomic<long> made{0}, taken{0};
    std::atomic<bool> stop{false};
  };
  const test_support::shared_page<tally> counts;
  std::vector<child> crowd;
  for (int i = 0; i != 4; ++i) {
    crowd.emplace_back([&] {
      while (!counts->stop) {
        unique_descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        counts->made += file ? 1 : 0;
        if (!file) file = unique_descriptor(::open(path.c_str(), O_RDWR | O_CLOEXEC));
        struct stat status {};
        if (!file || ::fstat(file.get(), &status) != 0) continue;
        const name_of_file name(path, identity_from(status));
        counts->taken += try_take_name(name, file.get()) == name_taken::by_us ? 1 : 0;
      }
    });
  }
  std::this_thread::sleep_for(
      test_support::rounds(std::chrono::seconds(1), std::chrono::seconds(60)));
  counts->stop = true;
  for (child& one : crowd)
    EXPECT_EQ(one.wait(), 0);
  EXPECT_GT(counts->made, 1000);
  EXPECT_EQ(counts->taken + (fs::exists(path) ? 1 : 0), counts->made);
  clear_graves(place.path().string());
  fs::remove(path);
  EXPECT_EQ(files(), std::set<std::string>());
}

}  // namespace
}  // namespace platform_test
