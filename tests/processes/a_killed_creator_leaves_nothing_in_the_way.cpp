// A creator that dies at any moment leaves nothing that stops the next open_or_create: a map is
// either there and whole, or not there.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <maps/raw_map.hpp>
#include <maps/self_verifying.hpp>
#include <support/child.hpp>
#include <support/names.hpp>
#include <support/privilege.hpp>
#include <twinmap/map.hpp>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>
#include <thread>

namespace process_tests {
namespace {

using map_type = twinmap::map<std::uint64_t, std::uint64_t>;
const twinmap::options small{.max_bytes = 4u << 20};

// Opens the name as if nothing had happened, within a second, and leaves it removed.
void expect_usable(const test_support::scoped_name& name, const std::string& when) {
  const auto begin = std::chrono::steady_clock::now();
  try {
    map_type map(twinmap::open_or_create, name, small);
    map.store(1, 2);
    EXPECT_EQ(map.load(1), 2u);
    map.store(3, 4);
    EXPECT_LE(map.size(), 2u);
    const test_maps::raw_map<std::uint64_t, std::uint64_t> inspector(
        test_maps::attach_mode::open_read_only, name);
    for (const std::string& finding : inspector.check().findings)
      ADD_FAILURE() << when << ": " << finding;
  } catch (const std::exception& error) {
    ADD_FAILURE() << when << ": " << error.what();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1)) << when;
  EXPECT_TRUE(twinmap::remove(name)) << when;
}

// Files that have the name in theirs: none may be left once the map is removed.
void expect_no_leftover(const test_support::scoped_name& name, const std::string& when) {
  for (const auto& entry : std::filesystem::directory_iterator(name.directory()))
    EXPECT_EQ(entry.path().filename().string().find(name.str()), std::string::npos)
        << when << " left " << entry.path();
}

// A child that creates the map, and stores and goes, traced so that it stops at each system call.
class traced_creator {
 public:
  explicit traced_creator(const std::string& name)
      : child_([name] {
          if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0)
            throw std::system_error(errno, std::system_category(), "ptrace");
          ::raise(SIGSTOP);
          map_type map(twinmap::open_or_create, name, small);
          map.store(1, 2);
        }) {
    int status = 0;
    ::waitpid(child_.pid(), &status, 0);
    ::ptrace(PTRACE_SETOPTIONS, child_.pid(), nullptr, PTRACE_O_EXITKILL);
  }
  // Lets it run up to its next entry to or return from a system call. False if it ended instead.
  bool run_to_next_stop() {
    if (::ptrace(PTRACE_SYSCALL, child_.pid(), nullptr, nullptr) != 0) return false;
    int status = 0;
    siginfo_t info = {};
    if (::waitid(P_PID, static_cast<id_t>(child_.pid()), &info, WSTOPPED | WEXITED | WNOWAIT) != 0)
      return false;
    if (info.si_code == CLD_EXITED || info.si_code == CLD_KILLED) return false;
    return ::waitpid(child_.pid(), &status, 0) == child_.pid();
  }
  void kill() {
    child_.kill(SIGKILL);
    child_.wait();
  }
  test_support::outcome finish() { return child_.wait(); }

 private:
  test_support::child child_;
};

TEST(AKilledCreator, AtEachSystemCallLeavesNothingInTheWay) {
  TWINMAP_REQUIRE_PRIVILEGE(ptrace);
  int stops = 0;
  for (bool ended = false; !ended && !testing::Test::HasFailure(); ++stops) {
    const test_support::scoped_name name;
    traced_creator creator(name);
    for (int i = 0; i <= stops && !ended; ++i)
      ended = !creator.run_to_next_stop();
    const std::string when = "killed at stop " + std::to_string(stops);
    if (ended) {
      EXPECT_EQ(creator.finish(), 0) << "undisturbed, it creates the map";
    } else {
      creator.kill();
    }
    expect_usable(name, when);
    expect_no_leftover(name, when);
  }
  std::printf("killed at %d entries to and returns from system calls\n", stops - 1);
  EXPECT_GT(stops, 20) << "that was no creation";
  EXPECT_LT(stops, 2'000);
}

TEST(AKilledCreator, AfterARandomDelayLeavesNothingInTheWay) {
  test_maps::random_source random(11);
  int before = 0;
  int after = 0;
  for (int round = 0; round < test_support::rounds(300, 3000) && !testing::Test::HasFailure();
       ++round) {
    const test_support::scoped_name name;
    test_support::child creator([&] {
      map_type map(twinmap::open_or_create, name, small);
      map.store(1, 2);
      while (true)
        map.store(1, 2);
    });
    std::this_thread::sleep_for(std::chrono::microseconds(random.below(1500)));
    creator.kill(SIGKILL);
    creator.wait();
    ++(std::filesystem::exists(name.segment_file()) ? after : before);
    expect_usable(name, "round " + std::to_string(round));
    expect_no_leftover(name, "round " + std::to_string(round));
  }
  EXPECT_GT(before, 0) << "no creator died before its map had a name";
  EXPECT_GT(after, 0) << "no creator lived until its map had a name";
}

// Several creators of one name, some of them killed: one map, and everyone is in it.
TEST(AKilledCreator, AmongOthersLeavesThemOneMap) {
  test_maps::random_source random(12);
  for (int round = 0; round < test_support::rounds(40, 400) && !testing::Test::HasFailure();
       ++round) {
    const test_support::scoped_name name;
    const auto creator = [&](std::uint64_t id) {
      return test_support::child([&name, id] {
        map_type map(twinmap::open_or_create, name, small);
        map.store(id, id);
      });
    };
    test_support::child doomed = creator(100);
    test_support::child first = creator(1);
    test_support::child second = creator(2);
    std::this_thread::sleep_for(std::chrono::microseconds(random.below(1500)));
    doomed.kill(SIGKILL);
    doomed.wait();
    EXPECT_EQ(first.wait(), 0);
    EXPECT_EQ(second.wait(), 0);
    const map_type map(twinmap::open_only, name);
    EXPECT_EQ(map.load(1), 1u);
    EXPECT_EQ(map.load(2), 2u);
  }
}

}  // namespace
}  // namespace process_tests
