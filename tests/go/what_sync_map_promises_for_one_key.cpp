// Go's TestCompareAndSwap_NonExistingKey, TestMapDelete and TestMapClear by meaning, a million
// operations each, through the whole life of a slot: dirty only, in read, nil, expunged.

#include <gtest/gtest.h>
#include <support/names.hpp>
#include <twinmap/map.hpp>

#include <cstdint>
#include <string>

namespace go_tests {
namespace {

using map_type = twinmap::map<std::string, double>;

map_type make(const test_support::scoped_name& name) {
  return {twinmap::create_only, name, {.max_bytes = 64ull << 20}};
}

TEST(OneKey, CompareExchangeOfAnAbsentKeyIsFalseAndStoresNothing) {
  const test_support::scoped_name name;
  using integers = twinmap::map<std::string, std::uint64_t>;
  integers map(twinmap::create_only, name, {.max_bytes = 64ull << 20});
  map.store("was there", 1);
  map.erase("was there");
  for (int i = 0; i < 500'000; ++i) {
    ASSERT_FALSE(map.compare_exchange("never there", 0, 42));
    ASSERT_FALSE(map.compare_exchange("was there", i % 2 == 0 ? 0 : 1, 42));
  }
  EXPECT_FALSE(map.contains("never there"));
  EXPECT_FALSE(map.contains("was there"));
  EXPECT_EQ(map.size(), 0u);
}

TEST(OneKey, IsGoneAfterErase) {
  const test_support::scoped_name name;
  map_type map = make(name);
  for (int i = 0; i < 250'000; ++i) {
    const std::string key = "go" + std::to_string(i % 1000);
    map.store(key, 1.22);
    ASSERT_EQ(map.load(key), 1.22);
    ASSERT_TRUE(map.erase(key));
    ASSERT_EQ(map.load(key), std::nullopt);
  }
}

TEST(OneKey, ComesBackAfterClear) {
  const test_support::scoped_name name;
  map_type map = make(name);
  for (int i = 0; i < 170'000; ++i) {
    const std::string key = "go" + std::to_string(i % 300);
    map.store(key, 1.21);
    ASSERT_EQ(map.load(key), 1.21);
    map.clear();
    ASSERT_EQ(map.load(key), std::nullopt);
    map.store(key, 1.21);
    ASSERT_EQ(map.load(key), 1.21);
    map.erase(key);
  }
}

}  // namespace
}  // namespace go_tests
