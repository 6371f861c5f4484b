// P4, P10: a process that becomes another program in the middle of an operation is as dead as a
// killed one, although it lives; and however fast processes come and go, each is its own.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>
#include <lifecycle/whole_map.hpp>
#include <maps/self_verifying.hpp>
#include <support/child.hpp>
#include <support/names.hpp>
#include <support/privilege.hpp>
#include <support/shared_page.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace lifecycle_test {
namespace {

// A pipe whose writing end goes with exec: reading its end tells of that.
class exec_notice {
 public:
  exec_notice() { EXPECT_EQ(::pipe2(ends_.data(), O_CLOEXEC), 0); }
  exec_notice(const exec_notice&) = delete;
  exec_notice& operator=(const exec_notice&) = delete;
  ~exec_notice() {
    ::close(ends_[0]);
    if (ends_[1] >= 0) ::close(ends_[1]);
  }
  void wait() {
    ::close(ends_[1]);
    ends_[1] = -1;
    char nothing = 0;
    EXPECT_EQ(::read(ends_[0], &nothing, 1), 0);
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

// One thread inserts for ever, and another one replaces the process after `pause`.
void insert_until_exec(const std::string& name, std::atomic<std::uint64_t>& returned,
                       std::chrono::microseconds pause) {
  text_map own(twinmap::open_only, name);
  std::thread([&] {
    for (std::uint64_t i = 1;; ++i) {
      own.store(i, std::string(i % 200, 'e'));
      returned = i;
    }
  }).detach();
  test_support::eventually([&] { return returned != 0; });
  std::this_thread::sleep_for(pause);
  ::execlp("sleep", "sleep", "60", nullptr);
  ::_exit(127);
}

bool is_writer(const text_map& map, pid_t process) {
  const auto all = twinmap::writers(map);
  return std::any_of(all.begin(), all.end(), [&](const twinmap::writer_info& one) {
    return one.process == static_cast<std::uint32_t>(process) &&
           one.state != twinmap::writer_state::dead;
  });
}

TEST(Exec, InTheMiddleOfAnOperationEndsTheLeaseAndLosesNothing) {
  test_maps::random_source random(7);
  std::uint64_t take_overs = 0;
  const int rounds = test_support::rounds(25, 1'000);
  for (int round = 0; round != rounds && !testing::Test::HasFailure(); ++round) {
    const test_support::scoped_name name;
    text_map map(twinmap::create_only, name, {.max_bytes = 16u << 20, .max_writers = 4});
    test_support::shared_page<std::atomic<std::uint64_t>> returned;
    exec_notice notice;
    test_support::child process(
        [&] { insert_until_exec(name, *returned, std::chrono::microseconds(random.below(1000))); });
    random();
    notice.wait();
    // The kernel tells of the pipe before it lets go of the lease: it closes in the reverse order.
    EXPECT_TRUE(test_support::eventually([&] { return !is_writer(map, process.pid()); }));
    const auto begin = std::chrono::steady_clock::now();
    map.store(0, "new");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
    EXPECT_TRUE(process.running()) << "another program runs in it now";
    for (std::uint64_t i = 1; i <= *returned; ++i)
      ASSERT_EQ(map.load(i), std::string(i % 200, 'e')) << i << " of " << *returned;
    expect_free_leases(map, 3);
    take_overs += map.stats(false).take_overs;
    map.close();
    expect_whole(name);
  }
  EXPECT_GT(take_overs, 0u) << "none of them was in the middle of anything";
}

constexpr std::uint64_t shared_counter = 1;
using number_map = twinmap::map<std::uint64_t, std::uint64_t>;

// Writes under a lease of its own, through the handle that its ancestors had.
void take_part(number_map& map, std::uint64_t me) {
  for (int i = 0; i != 10; ++i) {
    map.fetch_add(shared_counter, 1);
    map.store(1'000'000 + me, me);
    EXPECT_EQ(map.load(1'000'000 + me), me);
  }
}

// Forks as fast as it can; each child forks again.
void storm(number_map& map, std::uint64_t first, int children) {
  std::vector<test_support::child> crew;
  for (int i = 0; i != children; ++i) {
    const std::uint64_t me = first + 4 * static_cast<std::uint64_t>(i);
    crew.emplace_back([&map, me] {
      test_support::child son([&] { take_part(map, me + 1); });
      take_part(map, me);
      test_support::child daughter([&] { take_part(map, me + 2); });
      EXPECT_EQ(son.wait(), 0);
      EXPECT_EQ(daughter.wait(), 0);
    });
  }
  for (test_support::child& one : crew)
    EXPECT_EQ(one.wait(), 0);
}

TEST(AForkStorm, FromSeveralThreadsAtOnceLosesNoWrite) {
  const test_support::scoped_name name;
  number_map map(twinmap::create_only, name, {.max_bytes = 16u << 20, .max_writers = 1024});
  map.store(shared_counter, 0);
  const int children = test_support::rounds(20, 200);
  constexpr std::uint64_t forking_threads = 3;
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> mine{0};
  std::thread writer([&] {
    for (std::uint64_t i = 0; !done; ++i, ++mine) {
      map.fetch_add(shared_counter, 1);
      map.store(500'000 + i % 1000, i);
    }
  });
  std::vector<std::thread> forkers;
  for (std::uint64_t i = 0; i != forking_threads; ++i)
    forkers.emplace_back([&, i] { storm(map, i * 100'000, children); });
  for (std::thread& one : forkers)
    one.join();
  done = true;
  writer.join();
  const auto processes = static_cast<std::uint64_t>(children) * forking_threads * 3;
  EXPECT_EQ(map.load(shared_counter), mine + 10 * processes);
  std::uint64_t members = 0;
  map.for_each([&](std::uint64_t key, std::uint64_t) { members += key >= 1'000'000 ? 1u : 0u; });
  EXPECT_EQ(members, processes);
  EXPECT_EQ(map.stats(false).take_overs, 0u) << "somebody who lived was taken for dead";
  twinmap::sweep(map);
  EXPECT_LE(twinmap::writers(map).size(), 2u) << "leases that nobody gave back";
  EXPECT_EQ(twinmap::check(map).findings, std::vector<std::string>{});
}

}  // namespace
}  // namespace lifecycle_test
