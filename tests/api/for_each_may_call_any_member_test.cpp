// for_each: its function may call any member of the map, may stop, may throw, and takes its
// arguments in whatever way it likes. No key twice; what stays throughout comes exactly once (P8).
#include <api/fresh_map.hpp>

#include <map>
#include <set>
#include <stdexcept>

namespace api_test {
namespace {

TEST(ForEach, VisitsEveryKeyOnce) {
  fresh_map<u64, u64> fresh;
  for (u64 key = 0; key != 1000; ++key)
    fresh.map.store(key, key * key);
  std::map<u64, u64> seen;
  fresh.map.for_each([&](u64 key, u64 value) { EXPECT_TRUE(seen.emplace(key, value).second); });
  EXPECT_EQ(seen.size(), 1000u);
  for (const auto& [key, value] : seen)
    EXPECT_EQ(value, key * key);
  EXPECT_EQ((fresh_map<u64, u64>().map.size()), 0u);
}

TEST(ForEach, StopsWhereTheFunctionSaysFalse) {
  fresh_map<u64, u64> fresh;
  for (u64 key = 0; key != 100; ++key)
    fresh.map.store(key, key);
  int seen = 0;
  fresh.map.for_each([&](u64, u64) { return ++seen != 10; });
  EXPECT_EQ(seen, 10);
}

TEST(ForEach, LetsTheFunctionThrow) {
  fresh_map<u64, u64> fresh;
  fresh.map.store(1, 1);
  EXPECT_THROW(fresh.map.for_each([](u64, u64) { throw std::logic_error("enough"); }),
               std::logic_error);
  fresh.map.store(2, 2);
  EXPECT_EQ(fresh.map.size(), 2u);
}

TEST(ForEach, GivesCopiesInAnyForm) {
  fresh_map<std::string, std::string> fresh;
  fresh.map.store("key", "value");
  int calls = 0;
  fresh.map.for_each(
      [&](std::string key, std::string value) { calls += key + value == "keyvalue"; });
  fresh.map.for_each([&](const std::string& key, const std::string& value) {
    calls += key + value == "keyvalue";
  });
  fresh.map.for_each([&](std::string& key, std::string& value) {
    calls += key + value == "keyvalue";
    key.clear();
    value.clear();
  });
  fresh.map.for_each([&](std::string&& key, auto&& value) { calls += key + value == "keyvalue"; });
  fresh.map.for_each([&](std::string_view key, std::string_view) { calls += key == "key"; });
  EXPECT_EQ(calls, 5);
  EXPECT_EQ(fresh.map.load("key"), "value");
}

TEST(ForEach, LetsTheFunctionCallAnyMember) {
  fresh_map<u64, u64> fresh;
  auto& map = fresh.map;
  constexpr u64 count = 300;
  for (u64 key = 0; key != count; ++key)
    map.store(key, key);
  std::set<u64> seen;
  map.for_each([&](u64 key, u64 value) {
    EXPECT_TRUE(seen.insert(key).second) << key;
    EXPECT_EQ(map.load(key), value);
    EXPECT_TRUE(map.contains(key));
    map.store(key, value + 1);
    map.fetch_add(key, 1);
    map.update(key, [](std::optional<u64> old) { return *old + 1; });
    EXPECT_TRUE(map.compare_exchange(key, value + 3, value));
    map.store(1'000'000 + key, key);  // born after the walk began: not visited
    EXPECT_EQ(map.load_or_store(2'000'000 + key, 1).second, false);
    EXPECT_EQ(map.load_and_erase(2'000'000 + key), 1u);
    EXPECT_GE(map.size(), count);
    if (key % 100 == 0) {
      u64 nested = 0;
      map.for_each([&](u64, u64) { ++nested; });
      EXPECT_GE(nested, count);
      map.stats();
      map.info();
    }
  });
  EXPECT_EQ(seen.size(), count);
  EXPECT_LT(*seen.rbegin(), count);
  map.for_each([&](u64 key, u64) { map.erase(key); });
  EXPECT_TRUE(map.empty());
}

TEST(ForEach, LetsTheFunctionClearTheMapUnderIt) {
  fresh_map<u64, u64> fresh;
  for (u64 key = 0; key != 100; ++key)
    fresh.map.store(key, key);
  int seen = 0;
  fresh.map.for_each([&](u64, u64) {
    fresh.map.clear();
    ++seen;
  });
  EXPECT_EQ(seen, 1);
  EXPECT_TRUE(fresh.map.empty());
}

TEST(ForEach, WorksReadOnly) {
  fresh_map<std::string, quote> fresh;
  for (int i = 0; i != 50; ++i)
    fresh.map.store(std::string(static_cast<std::size_t>(i), 'k'), {.bid = i});
  const auto view = fresh.attach(twinmap::open_read_only);
  std::int64_t sum = 0;
  view.for_each([&](const std::string& key, const quote& value) {
    EXPECT_EQ(static_cast<std::int64_t>(key.size()), value.bid);
    sum += value.bid;
  });
  EXPECT_EQ(sum, 49 * 50 / 2);
}

}  // namespace
}  // namespace api_test
