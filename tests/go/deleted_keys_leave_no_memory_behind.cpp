// golang/go #40999 by meaning: unique keys that are inserted and deleted again, for ever, take
// neither bytes nor slots. (Go's classic map leaked them when nothing was ever looked up.)

#include <gtest/gtest.h>
#include <maps/raw_map.hpp>
#include <support/names.hpp>

#include <cstdint>
#include <string>

namespace go_tests {
namespace {

using test_maps::attach_mode;
using test_maps::raw_map;
using test_maps::raw_settings;

constexpr std::uint64_t pairs = 10'000'000;
constexpr std::uint64_t to_settle = 500'000;

// One standing key, as in Go's test, and nobody looks anything up.
template <class Map, class MakeKey, class T>
void stays_flat(Map& map, MakeKey make_key, const T& v, std::uint64_t count) {
  map.store(make_key(0), v);
  std::uint64_t slots = 0;
  std::uint64_t bytes = 0;
  for (std::uint64_t i = 1; i <= count; ++i) {
    map.store(make_key(i), v);
    ASSERT_TRUE(map.erase(make_key(i)));
    if (i == to_settle) {
      slots = map.stats().slots_used;
      bytes = map.stats().bytes_used;
      EXPECT_LT(slots, to_settle / 4) << "deleted slots are not used again";
    }
    if (i > to_settle && i % 100'000 == 0) {
      const auto now = map.stats();
      ASSERT_LE(now.slots_used, slots + slots / 4 + 64) << "slots in use grow: after " << i;
      ASSERT_LE(now.bytes_used, bytes + bytes / 4 + (1 << 20)) << "bytes in use grow: after " << i;
    }
  }
  EXPECT_EQ(map.size(), 1u);
  EXPECT_TRUE(map.load(make_key(0)).has_value());
  EXPECT_TRUE(map.check().findings.empty());
}

TEST(UniqueKeysInsertedAndDeleted, KeepBytesAndSlotsFlat) {
  const test_support::scoped_name name;
  raw_map<std::uint64_t, std::uint64_t> map(attach_mode::create_only, name);
  stays_flat(
      map, [](std::uint64_t i) { return i; }, std::uint64_t{7}, pairs);
}

TEST(UniqueKeysInsertedAndDeleted, KeepBytesAndSlotsFlatWithLongKeysAndValues) {
  const test_support::scoped_name name;
  raw_map<std::string, std::string> map(attach_mode::create_only, name);
  const std::string padding(200, 'k');
  stays_flat(
      map, [&](std::uint64_t i) { return padding + std::to_string(i); }, std::string(300, 'v'),
      pairs / 8);
}

// The limit of entries is met again and again: purging in place makes room every time.
TEST(UniqueKeysInsertedAndDeleted, NeverExhaustASmallMap) {
  const test_support::scoped_name name;
  raw_settings settings;
  settings.max_entries = 1000;
  settings.max_bytes = 16ull << 20;
  raw_map<std::uint64_t, std::uint64_t> map(attach_mode::create_only, name, settings);
  constexpr std::uint64_t standing = 500;
  for (std::uint64_t i = 0; i < standing; ++i)
    map.store(i, i);
  for (std::uint64_t i = standing; i < 1'000'000; ++i) {
    ASSERT_NO_THROW(map.store(i, i)) << i;
    ASSERT_TRUE(map.erase(i - standing));
  }
  EXPECT_EQ(map.size(), standing);
  EXPECT_EQ(map.count(), standing);
}

}  // namespace
}  // namespace go_tests
