// A move is a store of what stands there already: nobody may see one. Writers change, exchange,
// compare and erase values while a keeper moves them and gives their memory back without a pause.

#include <gtest/gtest.h>
#include <sched.h>
#include <maps/raw_map.hpp>
#include <maps/self_verifying.hpp>
#include <support/child.hpp>
#include <support/names.hpp>
#include <support/privilege.hpp>
#include <support/shared_page.hpp>
#include <twinmap/protocol/gather.hpp>
#include <twinmap/protocol/heap_care.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace process_tests {
namespace {

using test_maps::attach_mode;
using map_type = test_maps::raw_map<std::uint64_t, std::string>;
using clock = std::chrono::steady_clock;

constexpr std::uint64_t writers = 3;
constexpr std::uint64_t keys_of_each = 600;

struct progress {
  std::atomic<bool> done;
  std::atomic<bool> writers_done;
  std::atomic<std::uint64_t> operations;
  std::atomic<std::uint64_t> moved;
  std::atomic<std::uint64_t> given_back;
};

// Seeds are never used twice: {writer, count}.
std::string value_of(std::uint64_t writer, std::uint64_t count) {
  constexpr std::size_t lengths[] = {20, 700, 3000, 9000};
  std::string value(lengths[count % std::size(lengths)], '\0');
  test_maps::fill_self_verifying(value, (writer << 48) | count);
  return value;
}

class gathering : public testing::Test {
 protected:
  // Nobody else writes these keys, so each answer is known beforehand.
  void write(std::uint64_t id) {
    map_type map(attach_mode::open_only, name, settings());
    test_maps::random_source random(id);
    std::vector<std::optional<std::string>> mine(keys_of_each);
    std::uint64_t count = 0;
    for (; !page->done; ++count) {
      // From almost full to almost empty and back, so that there is something to gather.
      const bool filling = count / (4 * keys_of_each) % 2 == 0;
      const std::uint64_t i = random.below(keys_of_each);
      const std::uint64_t key = id * keys_of_each + i;
      std::optional<std::string>& here = mine[i];
      const std::string next = value_of(id, count);
      const std::uint64_t what = random.below(8);
      if (!filling && here && what != 0) {
        ASSERT_EQ(map.load_and_erase(key), here);
        here.reset();
      } else if (here && what < 5) {
        ASSERT_TRUE(map.compare_exchange(key, *here, next)) << "compared with something else";
        ASSERT_FALSE(map.compare_exchange(key, *here, next));
        here = next;
      } else if (filling || here) {
        ASSERT_EQ(map.exchange(key, next), here);
        here = next;
      }
      const std::uint64_t other = random.below(keys_of_each);
      ASSERT_EQ(map.load(id * keys_of_each + other), mine[other]);
    }
    for (std::uint64_t i = 0; i < keys_of_each; ++i)
      ASSERT_EQ(map.load(id * keys_of_each + i), mine[i]);
    page->operations += count;
  }

  void read() {
    const map_type map(attach_mode::open_read_only, name);
    while (!page->done)
      map.for_each([&](std::uint64_t key, const std::string& value) {
        EXPECT_TRUE(test_maps::verifies(value)) << key;
        EXPECT_EQ(test_maps::seed_of(value) >> 48, key / keys_of_each);
        return !HasFailure();
      });
  }

  void keep() {
    map_type map(attach_mode::open_only, name, settings());
    twinmap::protocol::gatherer gatherer(map.raw());
    twinmap::protocol::chunk_ages ages(map.raw());
    while (!page->writers_done) {
      while (gatherer.some(256)) {
      }
      page->given_back += ages.give_back(std::chrono::nanoseconds{0}, 0);
      ::sched_yield();
    }
    page->moved += gatherer.moved();
  }

  static test_maps::raw_settings settings() {
    test_maps::raw_settings wanted;
    wanted.max_bytes = 64ull << 20;
    return wanted;
  }

  const test_support::scoped_name name;
  test_support::shared_page<progress> page;
};

TEST_F(gathering, changes_nothing_that_anybody_sees) {
  map_type map(attach_mode::create_only, name, settings());
  std::vector<test_support::child> crew;
  for (std::uint64_t id = 0; id < writers; ++id)
    crew.emplace_back([this, id] { write(id); });
  crew.emplace_back([this] { read(); });
  test_support::child keeper([this] { keep(); });

  const auto end = clock::now() + std::chrono::seconds(test_support::rounds(4, 60));
  while (clock::now() < end && keeper.running())
    ::sched_yield();
  page->done = true;
  for (test_support::child& one : crew)
    EXPECT_EQ(one.wait(), 0);
  page->writers_done = true;
  EXPECT_EQ(keeper.wait(), 0);
  std::printf("%llu operations, %.1f MiB moved, %.1f MiB given back\n",
              static_cast<unsigned long long>(page->operations.load()),
              static_cast<double>(page->moved.load()) / (1 << 20),
              static_cast<double>(page->given_back.load()) / (1 << 20));
  EXPECT_GT(page->moved.load(), 1u << 20) << "void: little was moved";
  EXPECT_GT(page->given_back.load(), 1u << 20) << "void: little was given back";
  map.sweep();
  EXPECT_EQ(map.size(), map.count());
  for (const std::string& finding : map.check().findings)
    ADD_FAILURE() << finding;
}

// Killed keepers, one after the other, while one writer goes on.
TEST_F(gathering, is_settled_when_the_keeper_is_killed) {
  map_type map(attach_mode::create_only, name, settings());
  test_support::child writer([this] { write(0); });
  test_maps::random_source random(17);
  for (int kill = 0; kill < test_support::rounds(30, 300); ++kill) {
    test_support::child keeper([this] { keep(); });
    const auto until = clock::now() + std::chrono::milliseconds(20 + random.below(60));
    while (clock::now() < until)
      ::sched_yield();
    keeper.kill(SIGKILL);
    keeper.wait();
  }
  page->done = true;
  EXPECT_EQ(writer.wait(), 0);
  map.sweep();
  EXPECT_EQ(map.size(), map.count());
  const auto report = map.check();
  EXPECT_EQ(report.blocks_orphaned, 0u);
  for (const std::string& finding : report.findings)
    ADD_FAILURE() << finding;
}

}  // namespace
}  // namespace process_tests
