// Go's TestMapMatchesRWMutex and TestMapMatchesDeepCopy by meaning: the same random list of
// operations gives the same results and leaves the same contents in the map under test as in a map
// too simple to be wrong.

#include <gtest/gtest.h>
#include <maps/self_verifying.hpp>
#include <support/names.hpp>

#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "map_interface.hpp"

namespace go_tests {
namespace {

using test_maps::random_source;

enum class reference { locked, copied };

enum class operation {
  load,
  store,
  load_or_store,
  load_and_erase,
  erase,
  exchange,
  compare_exchange,
  compare_erase,
  clear,
};
constexpr std::uint64_t operation_kinds = 9;

struct call {
  operation what;
  std::string key;
  value first;
  value second;
};

// Short keys over few letters and few values, so that operations meet. Clear is rare: after it the
// map is empty and the next calls say little.
call random_call(random_source& random) {
  auto what = static_cast<operation>(random.below(operation_kinds));
  if (what == operation::clear && random.below(20) != 0) what = operation::store;
  std::string key(random.below(4), 'a');
  for (char& c : key)
    c = static_cast<char>('a' + random.below(6));
  return {what, std::move(key), static_cast<value>(random.below(3)),
          static_cast<value>(random.below(3))};
}

struct result {
  std::optional<value> got;
  bool yes = false;
  friend bool operator==(const result&, const result&) = default;
};

result apply(map_interface& map, const call& c) {
  switch (c.what) {
    case operation::load:
      return {map.load(c.key)};
    case operation::store:
      map.store(c.key, c.first);
      return {};
    case operation::load_or_store: {
      const auto [standing, loaded] = map.load_or_store(c.key, c.first);
      return {standing, loaded};
    }
    case operation::load_and_erase:
      return {map.load_and_erase(c.key)};
    case operation::erase:
      return {{}, map.erase(c.key)};
    case operation::exchange:
      return {map.exchange(c.key, c.first)};
    case operation::compare_exchange:
      return {{}, map.compare_exchange(c.key, c.first, c.second)};
    case operation::compare_erase:
      return {{}, map.compare_erase(c.key, c.first)};
    case operation::clear:
      map.clear();
      return {};
  }
  return {};
}

std::map<std::string, value> contents_of(map_interface& map) {
  std::map<std::string, value> all;
  map.for_each([&](const std::string& key, value v) {
    EXPECT_TRUE(all.emplace(key, v).second) << "visited twice: " << key;
    return true;
  });
  return all;
}

class RandomOperations : public testing::TestWithParam<std::tuple<reference, hashing>> {};

TEST_P(RandomOperations, GiveTheResultsOfASimpleMap) {
  const auto [against, kind] = GetParam();
  constexpr int total_operations = 1'000'000;
  constexpr int list_length = 20'000;
  std::uint64_t seed = 20'260'000;
  for (int done = 0; done < total_operations; done += list_length) {
    const test_support::scoped_name name;
    const auto map = attach(name, kind);
    std::unique_ptr<map_interface> simple;
    if (against == reference::locked) simple = std::make_unique<locked_map>();
    if (against == reference::copied) simple = std::make_unique<copied_map>();
    random_source random(seed++);
    for (int i = 0; i < list_length; ++i) {
      const call c = random_call(random);
      ASSERT_EQ(apply(*map, c), apply(*simple, c))
          << "seed " << seed - 1 << ", call " << i << ", kind " << static_cast<int>(c.what)
          << ", key '" << c.key << "'";
    }
    ASSERT_EQ(contents_of(*map), contents_of(*simple)) << "seed " << seed - 1;
  }
}

std::string name_of_run(const testing::TestParamInfo<std::tuple<reference, hashing>>& info) {
  const auto [against, kind] = info.param;
  return (against == reference::locked ? "Locked" : "Copied") + name_of(kind);
}

INSTANTIATE_TEST_SUITE_P(Maps, RandomOperations,
                         testing::Combine(testing::Values(reference::locked, reference::copied),
                                          testing::Values(hashing::good, hashing::bad,
                                                          hashing::truncated)),
                         name_of_run);

}  // namespace
}  // namespace go_tests
