// P10 across containers: writers that are each pid 1 of a PID namespace of their own share a map.
// Pids say nothing there. One is killed at random: nobody but the dead is replaced, nothing is
// lost.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <maps/mutex_watch.hpp>
#include <maps/raw_map.hpp>
#include <maps/self_verifying.hpp>
#include <support/child.hpp>
#include <support/names.hpp>
#include <support/privilege.hpp>
#include <support/sandbox.hpp>
#include <support/shared_page.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "ledger.hpp"

namespace process_tests {
namespace {

using test_maps::attach_mode;
using test_maps::counter;

// Whether the process in that namespace holds the mutex; it is stopped.
bool holds_mutex_there(const ledger_map& map, pid_t pid) {
  // One look: the other process runs, and may release it between two.
  const std::uint32_t word = test_maps::mutex_word(map.raw());
  if (word == 0) return false;
  struct stat status = {};
  const std::string path = "/proc/" + std::to_string(pid) + "/ns/pid";
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  const auto& who = map.raw().view.lease(test_maps::slot_of_holder(word)).who;
  return who.process == 1 && who.pid_namespace == status.st_ino;
}

TEST(PidOneOfTwoNamespaces, IsTwoProcessesEitherOfWhichMayBeKilled) {
  TWINMAP_REQUIRE_PRIVILEGE(pid_namespace);
  const test_support::scoped_name name;
  test_maps::raw_settings settings;
  settings.miss_batch = 4;
  ledger_map map(attach_mode::create_only, name, settings);
  test_support::shared_page<std::array<ledger, 2>> books;
  (*books)[0].worker = 1;
  (*books)[1].worker = 2;
  std::uint64_t seeds = 500;
  const auto start = [&](std::size_t i) {
    return test_support::in_pid_namespace([&name, &settings, &books, i, seed = ++seeds] {
      EXPECT_EQ(::getpid(), 1);
      ledger_map own(attach_mode::open_only, name, settings);
      worker(own, (*books)[i], seed).run();
    });
  };
  std::vector<test_support::child> pair;
  pair.push_back(start(0));
  pair.push_back(start(1));

  test_maps::random_source random(31);
  std::uint64_t held = 0;
  const int kills = test_support::rounds(40, 200);
  for (int kill = 0; kill < kills && !testing::Test::HasFailure(); ++kill) {
    const std::size_t i = random.below(2);
    ledger& book = (*books)[i];
    ledger& other = (*books)[1 - i];
    const std::uint64_t from = book.operations;
    ASSERT_TRUE(test_support::eventually([&] { return book.operations > from + 20; }));
    std::this_thread::sleep_for(std::chrono::microseconds(random.below(10'000)));
    pair[i].stop();
    held += holds_mutex_there(map, pair[i].pid());
    // Stopped is not dead: the other must not take the mutex from it, however long it waits.
    if (kill % 8 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(250));
    EXPECT_EQ(map.counted(counter::take_overs) > held, false) << "a false take-over";
    pair[i].kill(SIGKILL);
    ASSERT_EQ(pair[i].wait().signal, SIGKILL) << "it ended by itself: see its failures above";
    const std::uint64_t behind = other.operations;
    EXPECT_TRUE(test_support::eventually([&] { return other.operations > behind; },
                                         std::chrono::seconds(1)))
        << "the survivor is blocked";
    audit(map, book);
    pair[i] = start(i);
  }
  for (std::size_t i = 0; i < 2; ++i) {
    pair[i].stop();
    held += holds_mutex_there(map, pair[i].pid());
    pair[i].kill(SIGKILL);
    EXPECT_EQ(pair[i].wait().signal, SIGKILL);
  }
  map.store(1ull << 50, "the next insert");
  audit(map, (*books)[0]);
  audit(map, (*books)[1]);
  std::printf("%d kills, %llu with the mutex held, %llu take-overs\n", kills + 2,
              static_cast<unsigned long long>(held),
              static_cast<unsigned long long>(map.counted(counter::take_overs)));
  EXPECT_GT(held, 0u) << "nobody died with the mutex held: nothing was shown";
  EXPECT_EQ(map.counted(counter::take_overs), held) << "each dead holder is replaced, nobody else";
  map.sweep();
  EXPECT_EQ(map.size(), map.count());
  EXPECT_EQ(map.size(), 1 + standing_keys((*books)[0]) + standing_keys((*books)[1]));
  for (const std::string& finding : map.check().findings)
    ADD_FAILURE() << finding;
}

// The error text names the holder by the pid that it has in its own namespace, and the namespace.
TEST(PidOneOfTwoNamespaces, IsNamedWithItsNamespaceByALockTimeout) {
  TWINMAP_REQUIRE_PRIVILEGE(pid_namespace);
  const test_support::scoped_name name;
  test_maps::raw_settings impatient;
  impatient.lock_timeout = std::chrono::milliseconds(200);
  ledger_map map(attach_mode::create_only, name, impatient);
  test_support::child holder = test_support::in_pid_namespace([&] {
    ledger_map own(attach_mode::open_only, name);
    test_maps::insert_for_ever(own, "inserting");
  });
  bool held = false;
  for (int attempt = 0; attempt < 2'000 && !held; ++attempt) {
    holder.stop();
    held = holds_mutex_there(map, holder.pid());
    if (held) break;
    holder.cont();
    std::this_thread::sleep_for(std::chrono::microseconds(300));
  }
  ASSERT_TRUE(held);
  struct stat status = {};
  const std::string path = "/proc/" + std::to_string(holder.pid()) + "/ns/pid";
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  try {
    map.store(1ull << 50, "new");
    ADD_FAILURE() << "no timeout";
  } catch (const twinmap::error& error) {
    EXPECT_EQ(error.code(), twinmap::errc::lock_timeout);
    EXPECT_NE(std::string(error.what()).find(std::to_string(status.st_ino)), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace process_tests
