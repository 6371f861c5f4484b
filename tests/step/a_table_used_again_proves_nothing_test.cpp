// R3: a process stands still at any place of a call on a key that is there, and before it goes on
// the memory of the table that it may be looking at is another table's, where the key's home group
// has an empty place and no word with its tag. What it does not find there proves nothing: the
// answer is that the key is present. So it is if the root has all its bits again, as it may after
// 4096 tables: then the epoch tells.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <maps/raw_map.hpp>
#include <step/control.hpp>
#include <step/stepper.hpp>
#include <support/child.hpp>
#include <support/names.hpp>
#include <support/privilege.hpp>
#include <support/shared_page.hpp>
#include <twinmap/map.hpp>
#include <twinmap/storage/index_table.hpp>

#include <cstdint>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace step_tests {
namespace {

using u64 = std::uint64_t;
using typed_map = twinmap::map<u64, u64>;
using raw_map = test_maps::raw_map<u64, u64>;
using twinmap::storage::narrow_group;
using twinmap::storage::root_word;

constexpr u64 value = 7;

// What is called; true if it found the key.
struct member {
  const char* name;
  bool (*finds)(typed_map& map, u64 key);
};

constexpr member members[] = {
    {"load", [](typed_map& map, u64 key) { return map.load(key) == value; }},
    {"contains", [](typed_map& map, u64 key) { return map.contains(key); }},
    {"erase", [](typed_map& map, u64 key) { return map.erase(key); }},
    {"load_and_erase", [](typed_map& map, u64 key) { return map.load_and_erase(key) == value; }},
    {"compare_erase", [](typed_map& map, u64 key) { return map.compare_erase(key, value); }},
    {"compare_exchange",
     [](typed_map& map, u64 key) { return map.compare_exchange(key, value, 8); }},
    {"exchange", [](typed_map& map, u64 key) { return map.exchange(key, 8) == value; }},
    {"load_or_store",
     [](typed_map& map, u64 key) { return map.load_or_store(key, 8) == std::pair(value, true); }},
};

// Where the key's word is: in its home group of read, which is full; in the next one; in the one
// after that; in dirty alone.
enum class spot { at_home, displaced, far, in_dirty };

// Two bits of the half of the hash that chooses the group, and the tag.
constexpr u64 few_homes = 0xFF000000C0000000;

test_maps::raw_settings crowded() {
  test_maps::raw_settings settings;
  settings.hash_mask = few_homes;
  settings.max_bytes = 2u << 20;
  return settings;
}

class scene {
 public:
  explicit scene(spot where) : map(test_maps::attach_mode::create_only, name, crowded()) {
    constexpr std::size_t some = narrow_group::per_group;
    fill(where == spot::far ? 2 * some + 2 : some + 4);
    if (where != spot::in_dirty) map.promote();
    const auto& roots = *map.raw().view.roots;
    table_ = {where == spot::in_dirty ? roots.dirty.load() : roots.read.load()};
    for (const u64 each : keys_)
      if (stands(each) == where) key = each;
  }

  // Other keys come, and dirty becomes read, until that memory is used again.
  bool use_table_again() {
    constexpr int long_enough = 2000;
    const u64 hash = hash_of(key);
    for (int i = 0; i != long_enough; ++i) {
      map.store(first_of_others + static_cast<u64>(i), value);
      map.promote();
      if (twinmap::storage::match_tag<narrow_group>(home(hash), hash) == 0 &&
          twinmap::storage::match_empty<narrow_group>(home(hash)) != 0)
        return true;
    }
    return false;
  }

  // The key comes to its home group, in a table of the same shape in the same memory, whose root
  // then is made what it was: of 4096 tables there it takes the last one alone.
  bool use_root_again() {
    constexpr int long_enough = 2000;
    for (const u64 each : keys_)
      if (stands(each) == spot::at_home) map.erase(each);
    auto& root = map.raw().view.header->roots.read;
    for (int i = 0; i != long_enough; ++i) {
      const u64 other = first_of_others + static_cast<u64>(i);
      map.store(other, value);
      map.promote();
      map.erase(other);
      // The call may have erased it by now.
      const bool moved = stands(key) == spot::at_home || !map.contains(key);
      if (moved && root_word{root.load()}.same_table(table_)) {
        root.store(table_.bits);
        return true;
      }
    }
    return false;
  }

  test_support::scoped_name name;
  raw_map map;
  u64 key = 0;  // 0 if there is none of that kind

 private:
  static constexpr u64 first_of_others = 1u << 20;

  u64 hash_of(u64 each) const { return map.raw().key(&each, sizeof each).hash; }
  const std::byte* home(u64 hash, u64 groups_behind = 0) const {
    const u64 group =
        twinmap::storage::home_group(static_cast<std::uint32_t>(hash), table_.groups());
    return map.raw().view.heap.heap + table_.offset() +
           (group + groups_behind) % table_.groups() * twinmap::storage::group_bytes;
  }
  spot stands(u64 each) const {
    if (!table_.same_table({map.raw().view.roots->read.load()})) return spot::in_dirty;
    const u64 hash = hash_of(each);
    for (const spot near : {spot::at_home, spot::displaced})
      if (twinmap::storage::match_tag<narrow_group>(home(hash, static_cast<u64>(near)), hash) != 0)
        return near;
    return spot::far;
  }
  // More keys of one home group than that has places, each with a tag of its own.
  void fill(std::size_t count) {
    constexpr u64 third_home = 2;
    std::set<u64> tags;
    for (u64 each = 1; keys_.size() != count; ++each)
      if (((hash_of(each) >> 30) & 3) == third_home && tags.insert(hash_of(each) >> 56).second) {
        map.store(each, value);
        keys_.push_back(each);
      }
  }

  std::vector<u64> keys_;
  root_word table_{0};
};

dev_t file_system_of(const test_support::scoped_name& name) {
  struct stat status {};
  EXPECT_EQ(::stat(name.directory().c_str(), &status), 0);
  return status.st_dev;
}

// Where the key is, and what comes between.
struct upheaval {
  const char* name;
  spot where;
  bool (scene::*comes)();
};

constexpr upheaval upheavals[] = {
    {"AtHome", spot::at_home, &scene::use_table_again},
    {"Displaced", spot::displaced, &scene::use_table_again},
    {"InDirty", spot::in_dirty, &scene::use_table_again},
    {"DisplacedUnderTheSameRoot", spot::displaced, &scene::use_root_again},
    {"FarUnderTheSameRoot", spot::far, &scene::use_root_again},
};

// Runs the call in another process, which stands still at its place `at` (README.md) while the
// table's memory is used again. False if it returned before.
bool run_frozen_at(u64 at, const member& what, const upheaval& then) {
  scene on(then.where);
  EXPECT_NE(on.key, 0u);
  test_support::shared_page<control_page> control;
  test_support::child caller([&] {
    typed_map own(twinmap::open_only, on.name);
    own.exchange(on.key, value);  // the lease is there, and
    own.contains(on.key);         // the table is known
    arm({.what = fate::kind::freeze, .at = at}, *control, nullptr, file_system_of(on.name));
    bool found = false;
    {
      const stretch stepped(true);
      found = what.finds(own, on.key);
    }
    control->set(phase::returned);
    return found ? 0 : 1;
  });
  const bool stopped = test_support::eventually(
      [&] { return control->now() == phase::frozen || control->now() == phase::returned; });
  EXPECT_TRUE(stopped);
  const bool frozen = control->now() == phase::frozen;
  if (frozen) {
    EXPECT_TRUE((on.*then.comes)()) << "the test tests nothing";
    control->resume();
  }
  EXPECT_EQ(caller.wait(), 0) << "did not find the key, frozen at place " << at;
  EXPECT_TRUE(on.map.check().findings.empty());
  return frozen;
}

// By number: each member with each upheaval.
constexpr std::size_t ways = std::size(upheavals);

class TableUsedAgain : public testing::TestWithParam<std::size_t> {};

TEST_P(TableUsedAgain, ProvesNothing) {
  if (!can_step) GTEST_SKIP() << "stepping takes x86's trap flag, and no sanitizer";
  const member& what = members[GetParam() / ways];
  u64 at = 0;
  while (!HasFailure() && run_frozen_at(at, what, upheavals[GetParam() % ways]))
    ++at;
  EXPECT_GT(at, 3u) << "what was stepped?";
}

INSTANTIATE_TEST_SUITE_P(In, TableUsedAgain,
                         testing::Range(std::size_t{0}, std::size(members) * ways),
                         [](const auto& each) {
                           return std::string(members[each.param / ways].name) +
                                  upheavals[each.param % ways].name;
                         });

}  // namespace
}  // namespace step_tests
