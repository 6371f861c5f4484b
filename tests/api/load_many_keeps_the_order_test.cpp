// load_many: out[i] belongs to keys[i] whatever their number, an absent key empties its place, and
// the number found comes back.
#include <api/fresh_map.hpp>
#include <maps/raw_map.hpp>

#include <stdexcept>
#include <vector>

namespace api_test {
namespace {

// Keys below `limit`: every third is present, every third absent, every third erased.
template <class Map>
void fill_a_third(Map& map, u64 limit) {
  for (u64 key = 0; key < limit; ++key)
    if (key % 3 != 1) map.store(key, key + 1);
  for (u64 key = 2; key < limit; key += 3)
    map.erase(key);
}

// Looks up `count` keys, scattered below `limit`, into places that hold something else.
template <class Map>
void expect_a_third(const Map& map, std::size_t count, u64 limit) {
  SCOPED_TRACE(count);
  std::vector<u64> keys(count);
  for (std::size_t i = 0; i != count; ++i)
    keys[i] = (i * 7919 + count) % limit;
  std::vector<std::optional<u64>> values(count + 1, 42);
  for (std::size_t i = 0; i < count; i += 2)
    values[i].reset();
  std::size_t expected = 0;
  const std::size_t found = map.load_many(keys, values);
  for (std::size_t i = 0; i != count; ++i) {
    const bool present = keys[i] % 3 == 0;
    expected += present ? 1 : 0;
    ASSERT_EQ(values[i], present ? std::optional<u64>(keys[i] + 1) : std::nullopt) << i;
  }
  EXPECT_EQ(found, expected);
  EXPECT_EQ(values[count], 42u) << "what has no key is left alone";
}

TEST(LoadMany, KeepsTheOrderForEveryCount) {
  fresh_map<u64, u64> fresh;
  fill_a_third(fresh.map, 3000);
  for (std::size_t count = 0; count <= 200; ++count)
    expect_a_third(fresh.map, count, 3000);
  for (const std::size_t count : {1000u, 1024u, 1025u, 2048u, 5000u})
    expect_a_third(fresh.map, count, 3000);
}

TEST(LoadMany, TellsKeysApartWhoseHashesAreAlike) {
  for (const u64 mask : {test_maps::all_collide, test_maps::truncated}) {
    SCOPED_TRACE(mask);
    const test_support::scoped_name name;
    test_maps::raw_settings settings;
    settings.hash_mask = mask;
    settings.max_bytes = 64 << 20;
    test_maps::raw_map<u64, u64>(test_maps::attach_mode::create_only, name, settings);
    twinmap::map<u64, u64> map(twinmap::open_only, name);
    fill_a_third(map, 300);
    for (const bool amended : {true, false}) {
      ASSERT_EQ(map.stats().amended, amended);
      for (const std::size_t count : {7u, 8u, 32u, 33u, 64u, 200u})
        expect_a_third(map, count, 300);
      while (map.stats().amended)
        map.contains(0);
    }
  }
}

TEST(LoadMany, CountsEachHitOnce) {
  fresh_map<u64, u64> fresh;
  fill_a_third(fresh.map, 300);
  while (fresh.map.stats().amended)
    fresh.map.contains(1);
  for (const std::size_t count : {5u, 20u, 90u, 1500u}) {
    std::vector<u64> keys(count);
    for (std::size_t i = 0; i != count; ++i)
      keys[i] = i % 300;
    std::vector<std::optional<u64>> values(count);
    const u64 before = fresh.map.stats().hits_read;
    const std::size_t found = fresh.map.load_many(keys, values);
    EXPECT_EQ(fresh.map.stats().hits_read - before, found);
  }
}

TEST(LoadMany, TakesStringViewsAndCodedKeys) {
  fresh_map<std::string, std::string> fresh;
  for (int i = 0; i != 100; ++i)
    fresh.map.store("key " + std::to_string(i), std::string(static_cast<std::size_t>(i * 10), 'v'));
  std::vector<std::string> names;
  for (int i = 0; i != 100; ++i)
    names.push_back("key " + std::to_string(99 - i));
  names.push_back("absent");
  const std::vector<std::string_view> keys(names.begin(), names.end());
  std::vector<std::optional<std::string>> values(keys.size(), "old");
  EXPECT_EQ(fresh.map.load_many(keys, values), 100u);
  for (std::size_t i = 0; i != 100; ++i)
    ASSERT_EQ(values[i]->size(), (99 - i) * 10);
  EXPECT_FALSE(values.back());
}

TEST(LoadMany, SeesWhatReadAndWhatOnlyDirtyHolds) {
  fresh_map<u64, quote> fresh;
  const auto view = fresh.attach(twinmap::open_read_only);
  std::vector<u64> keys;
  for (u64 key = 0; key != 500; ++key) {
    fresh.map.store(key, {.at = key});
    keys.push_back(key);
    if (key % 50 != 0) continue;
    std::vector<std::optional<quote>> values(keys.size());
    ASSERT_EQ(view.load_many(keys, values), keys.size());
    for (const u64 k : keys)
      ASSERT_EQ(values[k]->at, k);
  }
}

TEST(LoadMany, RefusesAShorterResult) {
  fresh_map<u64, u64> fresh;
  const std::vector<u64> keys(10);
  std::vector<std::optional<u64>> values(9);
  EXPECT_THROW(fresh.map.load_many(keys, values), std::invalid_argument);
  std::vector<std::optional<u64>> more(11, 5);
  EXPECT_EQ(fresh.map.load_many(keys, more), 0u);
  EXPECT_EQ(more[9], std::nullopt);
  EXPECT_EQ(more[10], 5u) << "what has no key is left alone";
}

}  // namespace
}  // namespace api_test
