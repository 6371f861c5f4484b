// HashTrieMap's families by meaning. Every operation that changes a key is applied to all keys, to
// one, to several, by concurrent workers to keys of their own, and by concurrent workers to the
// same keys; each with a good hash, with one under which all keys collide, and with a truncated
// one.

#include <gtest/gtest.h>
#include <maps/crew.hpp>
#include <support/names.hpp>
#include <support/shared_page.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "map_interface.hpp"

namespace go_tests {
namespace {

using test_maps::workers;

constexpr value never_stored = std::numeric_limits<value>::max();
constexpr int crew_size = 4;

// One way to change a key that holds `v`. Checked: nobody else touches the key, and every answer is
// known. Raced: others do the same, and only the state after is known.
struct change {
  const char* name;
  bool removes;  // absent after; else the key holds v + 1
  void (*checked)(map_interface&, const std::string&, value v);
  void (*raced)(map_interface&, const std::string&, value v);
};

const std::array changes{
    change{"CompareErase", true,
           [](map_interface& map, const std::string& key, value v) {
             EXPECT_FALSE(map.compare_erase(key, never_stored));
             EXPECT_TRUE(map.compare_erase(key, v));
             EXPECT_FALSE(map.compare_erase(key, v));
           },
           [](map_interface& map, const std::string& key, value v) {
             EXPECT_FALSE(map.compare_erase(key, never_stored));
             map.compare_erase(key, v);
           }},
    change{"CompareExchange", false,
           [](map_interface& map, const std::string& key, value v) {
             EXPECT_FALSE(map.compare_exchange(key, never_stored, v + 1));
             EXPECT_TRUE(map.compare_exchange(key, v, v + 1));
             EXPECT_FALSE(map.compare_exchange(key, v, v + 1));
           },
           [](map_interface& map, const std::string& key, value v) {
             EXPECT_FALSE(map.compare_exchange(key, never_stored, v + 1));
             map.compare_exchange(key, v, v + 1);
           }},
    change{"Exchange", false,
           [](map_interface& map, const std::string& key, value v) {
             EXPECT_EQ(map.exchange(key, v), v);
             EXPECT_EQ(map.exchange(key, v + 1), v);
           },
           [](map_interface& map, const std::string& key, value v) {
             const auto previous = map.exchange(key, v + 1);
             EXPECT_TRUE(previous == v || previous == v + 1);
           }},
    change{"LoadAndErase", true,
           [](map_interface& map, const std::string& key, value v) {
             EXPECT_EQ(map.load_and_erase(key), v);
             EXPECT_EQ(map.load_and_erase(key), std::nullopt);
           },
           [](map_interface& map, const std::string& key, value v) {
             const auto previous = map.load_and_erase(key);
             EXPECT_TRUE(!previous || previous == v);
           }},
    change{"Store", false,
           [](map_interface& map, const std::string& key, value v) { map.store(key, v + 1); },
           [](map_interface& map, const std::string& key, value v) { map.store(key, v + 1); }},
    change{"Erase", true,
           [](map_interface& map, const std::string& key, value) {
             EXPECT_TRUE(map.erase(key));
             EXPECT_FALSE(map.erase(key));
           },
           [](map_interface& map, const std::string& key, value) { map.erase(key); }},
};

using parameters = std::tuple<std::size_t, hashing>;

std::string case_name(const testing::TestParamInfo<parameters>& info) {
  return changes[std::get<0>(info.param)].name + name_of(std::get<1>(info.param));
}

class Families : public testing::TestWithParam<parameters> {
 protected:
  const change& the_change() const { return changes[std::get<0>(GetParam())]; }
  hashing kind() const { return std::get<1>(GetParam()); }
  // Where all keys collide a lookup compares them all: fewer keys then, and more rounds.
  int key_count() const { return kind() == hashing::good ? 128 : 24; }
  int rounds(int operations_per_key) const {
    return 1'000'000 / (key_count() * operations_per_key) + 1;
  }
  static std::string key(int i) { return "key-" + std::to_string(i); }

  static void insert(map_interface& map, const std::string& key, value v) {
    EXPECT_EQ(map.load(key), std::nullopt);
    EXPECT_EQ(map.load_or_store(key, v), std::pair(v, false));
    EXPECT_EQ(map.load(key), v);
    EXPECT_EQ(map.load_or_store(key, 0), std::pair(v, true));
  }
  void expect_changed(map_interface& map, const std::string& key, value v) const {
    EXPECT_EQ(map.load(key), the_change().removes ? std::nullopt : std::optional(v + 1)) << key;
  }
  static void remove_all(map_interface& map, int keys) {
    for (int i = 0; i < keys; ++i)
      map.erase(key(i));
  }

  // All and Multiple and One: the change touches `chosen`, all others keep what they hold.
  void change_chosen(const std::set<int>& chosen, int operations_per_key) const {
    const test_support::scoped_name name;
    const auto map = attach(name, kind());
    for (int round = rounds(operations_per_key); round > 0 && !HasFailure(); --round) {
      for (int i = 0; i < key_count(); ++i)
        insert(*map, key(i), i);
      for (const int i : chosen)
        the_change().checked(*map, key(i), i);
      for (int i = 0; i < key_count(); ++i) {
        if (chosen.contains(i)) {
          expect_changed(*map, key(i), i);
        } else {
          EXPECT_EQ(map->load(key(i)), i);
        }
      }
      remove_all(*map, key_count());
    }
  }
};

TEST_P(Families, All) {
  std::set<int> all;
  for (int i = 0; i < key_count(); ++i)
    all.insert(i);
  change_chosen(all, 9);
}

TEST_P(Families, One) {
  change_chosen({15}, 6);
}

TEST_P(Families, Multiple) {
  change_chosen({1, 6, key_count() - 9, key_count() - 1}, 6);
}

TEST_P(Families, ConcurrentUnshared) {
  const test_support::scoped_name name;
  const auto creator = attach(name, kind());
  test_maps::run_together(workers::processes, crew_size, [&](int id) {
    const auto map = attach(name, kind());
    const int keys = key_count() / crew_size;
    const auto own = [&](int i) { return key(i) + "-" + std::to_string(id); };
    for (int round = rounds(8); round > 0 && !HasFailure(); --round) {
      for (int i = 0; i < keys; ++i)
        insert(*map, own(i), id);
      for (int i = 0; i < keys; ++i) {
        the_change().checked(*map, own(i), id);
        expect_changed(*map, own(i), id);
      }
      for (int i = 0; i < keys; ++i) {
        expect_changed(*map, own(i), id);
        map->erase(own(i));
      }
    }
  });
}

TEST_P(Families, ConcurrentShared) {
  const test_support::scoped_name name;
  const auto creator = attach(name, kind());
  // Each round has keys of its own: those of the last may still be raced for. They are removed by
  // whoever comes two rounds later, when all have left them.
  test_support::shared_page<std::array<std::atomic<int>, crew_size>> progress;
  test_maps::run_together(workers::processes, crew_size, [&](int id) {
    const auto map = attach(name, kind());
    const auto in_round = [&](int round, int i) { return key(i) + "/" + std::to_string(round); };
    for (int round = 1; round <= rounds(5 * crew_size) && !HasFailure(); ++round) {
      for (int i = 0; i < key_count(); ++i)
        map->load_or_store(in_round(round, i), i);
      (*progress)[static_cast<std::size_t>(id)] = 2 * round - 1;
      ASSERT_TRUE(test_support::eventually([&] {
        return std::ranges::all_of(*progress, [&](auto& at) { return at >= 2 * round - 1; });
      }));
      for (int i = 0; i < key_count(); ++i) {
        the_change().raced(*map, in_round(round, i), i);
        expect_changed(*map, in_round(round, i), i);
      }
      for (int i = 0; i < key_count(); ++i)
        expect_changed(*map, in_round(round, i), i);
      (*progress)[static_cast<std::size_t>(id)] = 2 * round;
      ASSERT_TRUE(test_support::eventually([&] {
        return std::ranges::all_of(*progress, [&](auto& at) { return at >= 2 * round; });
      }));
      for (int i = id; i < key_count(); i += crew_size)
        map->erase(in_round(round, i));
    }
  });
}

// Iterate: for_each visits each key once, and may change the key it was called for.
TEST_P(Families, WithinForEach) {
  const test_support::scoped_name name;
  const auto map = attach(name, kind());
  for (int round = rounds(8); round > 0 && !HasFailure(); --round) {
    for (int i = 0; i < key_count(); ++i)
      insert(*map, key(i), i);
    std::set<std::string> visited;
    map->for_each([&](const std::string& k, value v) {
      EXPECT_EQ(k, key(static_cast<int>(v)));
      EXPECT_TRUE(visited.insert(k).second) << "visited twice: " << k;
      the_change().checked(*map, k, v);
      return true;
    });
    EXPECT_EQ(visited.size(), static_cast<std::size_t>(key_count()));
    for (int i = 0; i < key_count(); ++i)
      expect_changed(*map, key(i), i);
    remove_all(*map, key_count());
  }
}

INSTANTIATE_TEST_SUITE_P(Maps, Families,
                         testing::Combine(testing::Range(std::size_t{0}, changes.size()),
                                          testing::Values(hashing::good, hashing::bad,
                                                          hashing::truncated)),
                         case_name);

class Hashes : public testing::TestWithParam<hashing> {};

TEST_P(Hashes, AnEmptyMapHasNoKey) {
  const test_support::scoped_name name;
  const auto map = attach(name, GetParam());
  for (int i = 0; i < 1'000'000; ++i)
    ASSERT_EQ(map->load(std::to_string(i % 128)), std::nullopt);
}

TEST_P(Hashes, ClearRemovesEveryKeyAndTheMapGoesOn) {
  const test_support::scoped_name name;
  const auto map = attach(name, GetParam());
  const int keys = GetParam() == hashing::good ? 128 : 24;
  for (int round = 1'000'000 / (keys * 3); round > 0 && !HasFailure(); --round) {
    for (int i = 0; i < keys; ++i)
      EXPECT_EQ(map->load_or_store(std::to_string(i), i), std::pair(value{i}, false));
    for (int i = 0; i < keys; ++i)
      EXPECT_EQ(map->load(std::to_string(i)), i);
    map->clear();
    for (int i = 0; i < keys; ++i)
      EXPECT_EQ(map->load(std::to_string(i)), std::nullopt);
    map->for_each([](const std::string& key, value) {
      ADD_FAILURE() << "still there: " << key;
      return true;
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Maps, Hashes,
                         testing::Values(hashing::good, hashing::bad, hashing::truncated),
                         [](const auto& each) { return name_of(each.param); });

}  // namespace
}  // namespace go_tests
