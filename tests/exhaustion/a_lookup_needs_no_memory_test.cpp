// Lookups on a healthy map throw only what copying a T throws: nothing, where a T is plain. Not
// even a thread's first lookup, which has no state on the handle yet, and no memory to make one.

#include <gtest/gtest.h>
#include <exhaustion/failing_calls.hpp>
#include <support/names.hpp>
#include <twinmap/map.hpp>

#include <array>
#include <cstdint>
#include <new>
#include <optional>
#include <thread>

namespace exhaustion_test {
namespace {

using numbers = twinmap::map<std::uint64_t, std::uint64_t>;
constexpr std::uint64_t keys = 100;
constexpr failure no_memory = {.which = call::allocation, .lasting = true};

class WithoutMemory : public testing::Test {
 protected:
  WithoutMemory() {
    for (std::uint64_t key = 0; key != keys; ++key)
      map.store(key, key * key);
  }
  void SetUp() override {
    if (!calls_can_fail) GTEST_SKIP() << "a sanitizer has its own functions where ours would be";
  }
  // Every kind of lookup; how many answers were right.
  static std::uint64_t look(const numbers& at) {
    std::uint64_t right = 0;
    std::array<std::uint64_t, keys> wanted{};
    std::array<std::optional<std::uint64_t>, keys> found{};
    for (std::uint64_t key = 0; key != keys; ++key) {
      std::uint64_t value = 0;
      wanted[key] = key;
      if (at.load(key) == key * key && at.contains(key) && at.load(key, value) &&
          value == key * key)
        ++right;
    }
    if (at.contains(keys) || at.load_many(wanted, found) != keys) return 0;
    std::uint64_t visited = 0;
    at.for_each([&](std::uint64_t key, std::uint64_t value) {
      if (value == key * key) ++visited;
    });
    return visited == keys && at.size() == keys ? right : 0;
  }

  const test_support::scoped_name name;
  numbers map{twinmap::create_only, name, {.max_bytes = 4u << 20}};
};

TEST_F(WithoutMemory, AFreshThreadsLookupsAreAnswered) {
  const numbers view(twinmap::open_read_only, name);
  for (const numbers* const at : {static_cast<const numbers*>(&map), &view}) {
    std::thread([&] {
      std::uint64_t right = 0;
      bool threw = false;
      arm(no_memory, 1);
      try {
        right = look(*at);
      } catch (...) {
        threw = true;
      }
      EXPECT_TRUE(disarm().failed) << "it did not ask for any";
      EXPECT_FALSE(threw);
      EXPECT_EQ(right, keys);
    }).join();
  }
}

// Such a thread has no lease, and no right to that of another one in the same position.
TEST_F(WithoutMemory, AFreshThreadsWritesFailUntilThereIsSome) {
  std::thread([&] {
    arm(no_memory, 1);
    EXPECT_EQ(map.load(1), 1u);
    EXPECT_THROW(map.store(1, 77), std::bad_alloc);
    EXPECT_THROW(map.fetch_add(2, 1), std::bad_alloc);
    EXPECT_EQ(map.load(1), 1u);
    EXPECT_EQ(map.load(2), 4u);
    disarm();
    map.store(1, 77);
    EXPECT_EQ(map.fetch_add(2, 1), 4u);
  }).join();
  EXPECT_EQ(map.load(1), 77u);
  EXPECT_EQ(map.load(2), 5u);
}

TEST_F(WithoutMemory, AThreadThatNeverHadAnyEnds) {
  std::thread([&] {
    arm(no_memory, 1);
    EXPECT_EQ(map.load(1), 1u);
  }).join();
  EXPECT_EQ(map.load(1), 1u);
}

}  // namespace
}  // namespace exhaustion_test
