// load_many: out[i] belongs to keys[i] whatever their number, an absent key empties its place, and
// the number found comes back.
#include <api/fresh_map.hpp>

#include <stdexcept>
#include <vector>

namespace api_test {
namespace {

TEST(LoadMany, KeepsTheOrderForEveryCount) {
  fresh_map<u64, u64> fresh;
  for (u64 key = 0; key < 3000; key += 3)
    fresh.map.store(key, key + 1);
  for (const unsigned count : {0u, 1u, 2u, 15u, 16u, 17u, 31u, 32u, 33u, 47u, 48u, 49u, 1000u}) {
    SCOPED_TRACE(count);
    std::vector<u64> keys(count);
    for (std::size_t i = 0; i != count; ++i)
      keys[i] = (i * 7919) % 3000;
    std::vector<std::optional<u64>> values(count, 42);
    std::size_t expected = 0;
    const std::size_t found = fresh.map.load_many(keys, values);
    for (std::size_t i = 0; i != count; ++i) {
      const bool present = keys[i] % 3 == 0;
      expected += present ? 1 : 0;
      ASSERT_EQ(values[i], present ? std::optional<u64>(keys[i] + 1) : std::nullopt) << i;
    }
    EXPECT_EQ(found, expected);
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
