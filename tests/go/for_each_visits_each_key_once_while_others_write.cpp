// Go's TestConcurrentRange, TestMapRangeNestedCall and TestConcurrentClear by meaning.

#include <gtest/gtest.h>
#include <maps/crew.hpp>
#include <maps/self_verifying.hpp>
#include <support/names.hpp>
#include <support/shared_page.hpp>
#include <twinmap/map.hpp>

#include <atomic>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace go_tests {
namespace {

using test_maps::workers;

class Concurrently : public testing::TestWithParam<workers> {};

// Every value stored under n is a multiple of n; all keys are there throughout, while others store,
// insert and erase further ones.
TEST_P(Concurrently, ForEachVisitsEachStandingKeyExactlyOnce) {
  constexpr std::uint64_t keys = 1 << 10;
  constexpr std::uint64_t walks = 1 << 10;  // of 1,024 keys: a million visits
  using map_type = twinmap::map<std::uint64_t, std::uint64_t>;
  const test_support::scoped_name name;
  map_type map(twinmap::create_only, name, {.max_bytes = 64ull << 20});
  for (std::uint64_t n = 1; n <= keys; ++n)
    map.store(n, n);
  test_support::shared_page<std::atomic<bool>> done;
  test_maps::run_together(GetParam(), 3, [&](int id) {
    if (id != 0) {
      map_type own(twinmap::open_only, name);
      test_maps::random_source random(static_cast<std::uint64_t>(id));
      for (std::uint64_t i = 0; !*done; ++i) {
        const std::uint64_t n = 1 + random.below(keys);
        own.store(n, n * (i % 1000));
        const std::uint64_t passing =
            keys * (2 + static_cast<std::uint64_t>(id)) + random.below(64);
        if (i % 2 == 0) {
          own.store(passing, passing);
        } else {
          own.erase(passing);
        }
      }
      return;
    }
    for (std::uint64_t walk = 0; walk < walks && !HasFailure(); ++walk) {
      std::set<std::uint64_t> seen;
      std::uint64_t standing = 0;
      map.for_each([&](std::uint64_t key, std::uint64_t v) {
        EXPECT_EQ(v % key, 0u) << "under " << key << " only its multiples are stored";
        EXPECT_TRUE(seen.insert(key).second) << "visited twice: " << key;
        standing += key <= keys;
      });
      EXPECT_EQ(standing, keys);
    }
    *done = true;
  });
}

// Workers that store, load and clear at once; what remains goes with a last clear.
TEST_P(Concurrently, ClearMeetsStoresAndLoads) {
  using map_type = twinmap::map<std::uint64_t, std::uint64_t>;
  const test_support::scoped_name name;
  map_type map(twinmap::create_only, name, {.max_bytes = 64ull << 20});
  test_maps::run_together(GetParam(), 4, [&](int id) {
    map_type own(twinmap::open_only, name);
    test_maps::random_source random(static_cast<std::uint64_t>(id));
    for (int i = 0; i < 300'000 && !HasFailure(); ++i) {
      const std::uint64_t key = random.below(100);
      if (id < 2) own.store(key, key * 10);
      if (id == 2) {
        const auto found = own.load(key);
        EXPECT_TRUE(!found || *found == key * 10);
      }
      if (id == 3 && i % 30 == 0) own.clear();
    }
  });
  map.clear();
  map.for_each([](std::uint64_t key, std::uint64_t) { ADD_FAILURE() << "still there: " << key; });
  EXPECT_EQ(map.size(), 0u);
  map.store(1, 2);
  EXPECT_EQ(map.load(1), 2u);
}

INSTANTIATE_TEST_SUITE_P(As, Concurrently, testing::Values(workers::threads, workers::processes),
                         [](const auto& each) { return test_maps::name_of(each.param); });

TEST(ForEach, MayBeNestedAndMayCallEveryOperation) {
  using map_type = twinmap::map<std::string, std::string>;
  const test_support::scoped_name name;
  map_type map(twinmap::create_only, name, {.max_bytes = 64ull << 20});
  constexpr int operations_in_one_pass = 9 * 4 + 6;
  for (int round = 0; round < 1'000'000 / operations_in_one_pass && !HasFailure(); ++round) {
    map.store("first", "hello");
    map.store("second", "world");
    map.store("third", "shared memory");
    std::set<std::string> visited;
    map.for_each([&](const std::string& key, const std::string&) {
      visited.insert(key);
      map.for_each([&](const std::string& inner, const std::string& v) {
        EXPECT_EQ(map.load(inner), v);
        EXPECT_FALSE(map.load_or_store("forty-two", "dummy").second);
        map.store("forty-two", "a longer value");
        EXPECT_EQ(map.load_and_erase("forty-two"), "a longer value");
      });
      EXPECT_TRUE(map.erase(key));
    });
    EXPECT_EQ(visited, (std::set<std::string>{"first", "second", "third"}));
    map.for_each([](const std::string& key, const std::string&) {
      ADD_FAILURE() << "still there: " << key;
    });
  }
}

TEST(ForEach, StopsWhenToldTo) {
  using map_type = twinmap::map<std::uint64_t, std::uint64_t>;
  const test_support::scoped_name name;
  map_type map(twinmap::create_only, name, {.max_bytes = 64ull << 20});
  for (std::uint64_t n = 0; n < 100; ++n)
    map.store(n, n);
  int visits = 0;
  map.for_each([&](std::uint64_t, std::uint64_t) { return ++visits < 7; });
  EXPECT_EQ(visits, 7);
}

}  // namespace
}  // namespace go_tests
