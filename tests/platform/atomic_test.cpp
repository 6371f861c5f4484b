// The 16-byte compare-and-swap, between threads and between processes.
#include <gtest/gtest.h>
#include <support/child.hpp>
#include <support/shared_page.hpp>
#include <twinmap/platform/atomic.hpp>

#include <array>
#include <thread>
#include <vector>

namespace platform_test {
namespace {

using namespace twinmap::platform;  // NOLINT: the layer under test
using test_support::child;
using test_support::shared_page;

TEST(AtomicPair, ChangesBothHalvesOrNone) {
  atomic_pair pair = {{1}, {2}};
  EXPECT_FALSE(compare_exchange(pair, {1, 3}, {9, 9}));
  EXPECT_FALSE(compare_exchange(pair, {3, 2}, {9, 9}));
  EXPECT_EQ(pair.first, 1u);
  EXPECT_EQ(pair.second, 2u);
  EXPECT_TRUE(compare_exchange(pair, {1, 2}, {~0ull, 5}));
  EXPECT_EQ(pair.first, ~0ull);
  EXPECT_EQ(pair.second, 5u);
}

struct contest {
  atomic_pair pair{{0}, {0}};
  alignas(64) std::atomic<std::uint64_t> won{0};
  alignas(64) std::atomic<std::uint64_t> lost{0};
  test_support::start_gate gate;
};

// Both halves count together; a swap that is lost or torn leaves them different or short of what
// was won.
void count_up(contest& c) {
  std::uint64_t won = 0;
  std::uint64_t lost = 0;
  for (int i = 0; i != 10'000; ++i) {
    const std::uint64_t first = c.pair.first.load(std::memory_order_acquire);
    const std::uint64_t second = c.pair.second.load(std::memory_order_acquire);
    const bool swapped = compare_exchange(c.pair, {first, second}, {first + 1, second + 3});
    ++(swapped ? won : lost);
  }
  c.won += won;
  c.lost += lost;
}

TEST(AtomicPair, LosesNoSwapBetweenProcesses) {
  constexpr std::uint64_t enough_collisions = 2'000;
  const shared_page<contest> shared;
  std::vector<child> children;
  for (int i = 0; i != 2; ++i) {
    children.emplace_back([&] {
      shared->gate.arrive_and_wait();
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(2);
      while (shared->lost < enough_collisions && std::chrono::steady_clock::now() < deadline) {
        count_up(*shared);
      }
    });
  }
  EXPECT_TRUE(shared->gate.open_for(2));
  for (child& one : children)
    EXPECT_EQ(one.wait(), 0);
  EXPECT_EQ(shared->pair.first, shared->won);
  EXPECT_EQ(shared->pair.second, 3 * shared->won);
}

TEST(AtomicPair, PublishesWhatWasWrittenBefore) {
  atomic_pair pair = {{0}, {0}};
  std::uint64_t plain = 0;  // no atomic: the thread sanitizer would see a missing order
  std::thread writer([&] {
    plain = 42;
    EXPECT_TRUE(compare_exchange(pair, {0, 0}, {1, 1}));
  });
  while (pair.first.load(std::memory_order_acquire) == 0)
    std::this_thread::yield();
  EXPECT_EQ(plain, 42u);
  writer.join();
}

}  // namespace
}  // namespace platform_test
