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

// Whatever is absent around it: clear looks at several entries at once.
TEST(OneKey, IsClearedWhereverItsEntryLies) {
  constexpr int keys = 16;
  for (int alone = 0; alone < keys; ++alone) {
    const test_support::scoped_name name;
    map_type map = make(name);
    for (int i = 0; i < keys; ++i)
      map.store("go" + std::to_string(i), 1.23);
    for (int i = 0; i < keys; ++i)
      ASSERT_TRUE(i == alone || map.erase("go" + std::to_string(i)));
    map.clear();
    EXPECT_FALSE(map.contains("go" + std::to_string(alone))) << alone;
    EXPECT_EQ(map.size(), 0u);
  }
}

// A beginning of it is not the value, and no value at all is not the empty one.
TEST(OneKey, IsComparedWithItsWholeValue) {
  const test_support::scoped_name name;
  twinmap::map<std::string, std::string> map(twinmap::create_only, name,
                                             {.max_bytes = 64ull << 20});
  for (const std::size_t length :
       {std::size_t{3}, std::size_t{8}, std::size_t{9}, std::size_t{500}}) {
    const std::string value(length, 'x');
    map.store("key", value);
    for (const std::string& other : {value.substr(1), value + "x", std::string()}) {
      EXPECT_FALSE(map.compare_exchange("key", other, "taken")) << length << ", " << other.size();
      EXPECT_FALSE(map.compare_erase("key", other)) << length << ", " << other.size();
    }
    EXPECT_EQ(map.load("key"), value);
    EXPECT_TRUE(map.compare_exchange("key", value, ""));
    EXPECT_FALSE(map.compare_erase("key", value));
    EXPECT_TRUE(map.compare_erase("key", ""));
    EXPECT_FALSE(map.compare_exchange("key", "", "out of nothing"));
    EXPECT_FALSE(map.compare_erase("key", ""));
    EXPECT_FALSE(map.contains("key"));
  }
}

}  // namespace
}  // namespace go_tests
