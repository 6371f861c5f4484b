// Every member of the API in each way through it that takes something from the system.

#include <exhaustion/failing_calls.hpp>
#include <exhaustion/stage.hpp>

#include <twinmap/map_access.hpp>
#include <twinmap/storage/table_words.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <utility>

namespace exhaustion_test {
namespace {

const std::string inline_value = "eight by";
std::string block(std::size_t length, char of = 'b') {
  return std::string(length, of);
}
constexpr std::size_t small_block = 100;
constexpr std::size_t other_block = 3000;
constexpr std::size_t run = 40'000;

// Keys with values of each kind, in read and in dirty.
void some_keys(stage& at) {
  at.make_map();
  at.put("inline", "in slot");
  at.put("block", block(small_block));
  at.put("run", block(run));
  twinmap::promote(*at.map);
  at.put("later inline", inline_value);
  at.put("later block", block(small_block, 'l'));
}

void no_map(stage&) {}

// Of a remover that was killed half way there is only the lock file.
const std::string left_over_lock = "twinmap.exhausted.lock";
void left_over(stage& at) {
  at.make_map();
  at.map.reset();
  std::filesystem::remove(at.directory / ("twinmap." + at.name));
  EXPECT_EQ(at.files(), std::set<std::string>{left_over_lock});
}

void settled(stage& at) {
  some_keys(at);
  twinmap::promote(*at.map);
}

const twinmap::storage::segment_header& header_of(const strings& map) {
  return *twinmap::detail::map_access::handle(map).view.header;
}

// Up to the last key that dirty has room for.
void full_dirty(stage& at) {
  some_keys(at);
  for (int i = 0;; ++i) {
    const twinmap::storage::root_word dirty{header_of(*at.map).roots.dirty.load()};
    if (header_of(*at.map).counts.dirty_filled.load() + 1 > twinmap::storage::fill_limit(dirty))
      return;
    at.put("filler " + std::to_string(i), "x");
  }
}

// Up to the last slot that is resident.
void full_slots(stage& at) {
  some_keys(at);
  const auto& view = twinmap::detail::map_access::handle(*at.map).view;
  for (int i = 0; view.slot_ok(view.header->locked.slots_used.load()); ++i)
    at.put("filler " + std::to_string(i), "x");
}

// Half of the keys deleted: work for a compaction.
void much_deleted(stage& at) {
  some_keys(at);
  for (int i = 0; i < 40; ++i)
    at.put("filler " + std::to_string(i), block(small_block));
  twinmap::promote(*at.map);
  for (int i = 0; i < 40; ++i) {
    at.map->erase("filler " + std::to_string(i));
    at.expected.erase("filler " + std::to_string(i));
  }
}

void seen_read_only(stage& at) {
  some_keys(at);
  at.view.emplace(twinmap::open_read_only, at.name, at.options);
}

void detached(stage& at) {
  some_keys(at);
  at.map.reset();
}

void expect_value(const stage& at, const strings& map, const std::string& key) {
  EXPECT_EQ(map.load(key), at.expected.at(key));
}

void visit_all(const strings& map, std::size_t keys) {
  std::size_t visited = 0;
  map.for_each([&](const std::string&, const std::string&) { ++visited; });
  EXPECT_EQ(visited, keys);
}

void load_all(const stage& at, const strings& map) {
  std::vector<std::string_view> keys;
  for (const auto& [key, value] : at.expected)
    keys.insert(keys.end(), 4, key);
  std::vector<std::optional<std::string>> values(keys.size());
  EXPECT_EQ(map.load_many(keys, values), keys.size());
}

template <class Tag>
void attach(stage& at, Tag tag) {
  at.map.emplace(tag, at.name, at.options);
}

auto set(const std::string& key, const std::string& value) {
  return [=](reference& expected) { expected[key] = value; };
}
auto gone(const std::string& key) {
  return [=](reference& expected) { expected.erase(key); };
}
auto storing(const std::string& key, const std::string& value) {
  return [=](stage& at) { at.map->store(key, value); };
}

std::vector<scenario> lookups() {
  return {
      {"load", some_keys, [](stage& at) { expect_value(at, *at.map, "block"); }},
      {"load_run", some_keys, [](stage& at) { expect_value(at, *at.map, "run"); }},
      {"load_over", some_keys,
       [](stage& at) {
         std::string value = "something else";
         EXPECT_TRUE(at.map->load("run", value));
         EXPECT_EQ(value, at.expected.at("run"));
       }},
      {"contains", some_keys, [](stage& at) { EXPECT_TRUE(at.map->contains("later block")); }},
      {"load_of_dirty", some_keys, [](stage& at) { expect_value(at, *at.map, "later block"); }},
      {"load_read_only", seen_read_only, [](stage& at) { expect_value(at, *at.view, "block"); }},
      {"for_each", some_keys, [](stage& at) { visit_all(*at.map, at.expected.size()); }},
      {"for_each_read_only", seen_read_only,
       [](stage& at) { visit_all(*at.view, at.expected.size()); }},
      {"load_many", settled, [](stage& at) { load_all(at, *at.map); }},
      {"load_many_of_dirty", some_keys, [](stage& at) { load_all(at, *at.map); }},
      {"check", some_keys,
       [](stage& at) { EXPECT_TRUE(twinmap::check(*at.map).findings.empty()); }},
      {"check_read_only", seen_read_only,
       [](stage& at) { EXPECT_TRUE(twinmap::check(*at.view).findings.empty()); }},
      {"stats", some_keys, [](stage& at) { EXPECT_EQ(at.map->stats().entries_live, 5u); }},
      {"info", some_keys, [](stage& at) { EXPECT_EQ(at.map->info().entries, 5u); }},
      {"writers", some_keys, [](stage& at) { EXPECT_GE(twinmap::writers(*at.map).size(), 1u); }},
      {"slots", some_keys,
       [](stage& at) {
         twinmap::protocol::for_each_slot(twinmap::detail::map_access::handle(*at.map),
                                          [](const auto&) { return true; });
       }},
  };
}

std::vector<scenario> stores() {
  const std::string long_key(500, 'k');
  return {
      {"store_inline", some_keys, storing("inline", inline_value), set("inline", inline_value)},
      {"store_block", some_keys, storing("block", block(small_block, 'n')),
       set("block", block(small_block, 'n'))},
      {"store_that_claims_a_chunk", some_keys, storing("block", block(other_block)),
       set("block", block(other_block))},
      {"store_of_a_run", some_keys, storing("inline", block(2 * run)),
       set("inline", block(2 * run))},
      {"insert", some_keys, storing("new", inline_value), set("new", inline_value)},
      {"insert_of_a_block", some_keys, storing("new", block(small_block)),
       set("new", block(small_block))},
      {"insert_that_builds_dirty", settled, storing("new", inline_value), set("new", inline_value)},
      {"insert_that_grows", full_dirty, storing("new", block(small_block)),
       set("new", block(small_block))},
      {"insert_that_claims_a_chunk", some_keys, storing("new", block(other_block)),
       set("new", block(other_block))},
      {"insert_of_a_run", settled, storing("new", block(run)), set("new", block(run))},
      {"insert_of_a_long_key", settled, storing(long_key, inline_value),
       set(long_key, inline_value)},
      {"insert_into_new_slots", full_slots, storing("new", inline_value), set("new", inline_value)},
      {"insert_that_compacts", much_deleted, storing("new", inline_value),
       set("new", inline_value)},
  };
}

std::vector<scenario> changes() {
  const std::string value = block(small_block, 'n');
  return {
      {"exchange", some_keys,
       [=](stage& at) { EXPECT_EQ(at.map->exchange("block", value), at.expected.at("block")); },
       set("block", value)},
      {"exchange_of_a_run", some_keys,
       [=](stage& at) { EXPECT_EQ(at.map->exchange("run", value), at.expected.at("run")); },
       set("run", value)},
      {"exchange_of_an_absent_key", some_keys,
       [=](stage& at) { EXPECT_EQ(at.map->exchange("new", value), std::nullopt); },
       set("new", value)},
      {"load_or_store_that_loads", some_keys,
       [=](stage& at) {
         EXPECT_EQ(at.map->load_or_store("block", value).first, at.expected.at("block"));
       }},
      {"load_or_store_that_stores", some_keys,
       [=](stage& at) { EXPECT_EQ(at.map->load_or_store("new", value).first, value); },
       set("new", value)},
      {"erase", some_keys, [](stage& at) { EXPECT_TRUE(at.map->erase("block")); }, gone("block")},
      {"load_and_erase", some_keys,
       [](stage& at) { EXPECT_EQ(at.map->load_and_erase("block"), at.expected.at("block")); },
       gone("block")},
      {"load_and_erase_of_a_run", some_keys,
       [](stage& at) { EXPECT_EQ(at.map->load_and_erase("run"), at.expected.at("run")); },
       gone("run")},
      {"compare_exchange", some_keys,
       [=](stage& at) {
         EXPECT_TRUE(at.map->compare_exchange("block", at.expected.at("block"), value));
       },
       set("block", value)},
      {"compare_erase", some_keys,
       [](stage& at) { EXPECT_TRUE(at.map->compare_erase("run", at.expected.at("run"))); },
       gone("run")},
      {"update", some_keys,
       [=](stage& at) { EXPECT_EQ(at.map->update("run", [&](auto) { return value; }), value); },
       set("run", value)},
      {"clear", some_keys, [](stage& at) { at.map->clear(); },
       [](reference& expected) { expected.clear(); }},
  };
}

std::vector<scenario> care() {
  return {
      {"promote", some_keys, [](stage& at) { twinmap::promote(*at.map); }},
      {"compact", much_deleted, [](stage& at) { twinmap::compact(*at.map); }},
      {"sweep", much_deleted, [](stage& at) { twinmap::sweep(*at.map); }},
      {"prepare_standby", some_keys, [](stage& at) { twinmap::prepare_standby(*at.map); }},
      {"commit_ahead", some_keys, [](stage& at) { twinmap::commit_ahead(*at.map, 1u << 20); }},
      {"gather_and_give_back", much_deleted,
       [](stage& at) {
         twinmap::heap_keeper keeper(*at.map);
         while (keeper.gather_some(1000)) {
         }
         keeper.give_back(std::chrono::nanoseconds(0));
       }},
      {"caretaker", some_keys,
       [](stage& at) {
         twinmap::caretaker one(*at.map);
         EXPECT_TRUE(one.held());
         one.tend();
         while (one.prepare_standby_some(1)) {
         }
         one.promote();
       }},
  };
}

std::vector<scenario> comings_and_goings() {
  const auto changes_nothing = [](reference&) {};
  const auto create = [](stage& at) { attach(at, twinmap::create_only); };
  const auto open_or_create = [](stage& at) { attach(at, twinmap::open_or_create); };
  const auto remove = [](stage& at) {
    if (twinmap::exists(at.name, at.options)) {
      EXPECT_TRUE(twinmap::remove(at.name, at.options));
    }
  };
  const auto with_temporary_names = [](auto act) {
    return [act](stage& at) {
      refuse_nameless_files(true);
      struct again {
        ~again() { refuse_nameless_files(false); }
      } afterwards;
      act(at);
    };
  };
  return {
      {"create", no_map, create},
      {"create_with_temporary_names", no_map, with_temporary_names(create)},
      {"open_or_create", no_map, open_or_create},
      {"create_beside_a_left_over", left_over, create, changes_nothing, left_over_lock},
      {"create_beside_a_left_over_with_temporary_names", left_over, with_temporary_names(create),
       changes_nothing, left_over_lock},
      {"open", detached, [](stage& at) { attach(at, twinmap::open_only); }},
      {"open_read_only", detached, [](stage& at) { attach(at, twinmap::open_read_only); }},
      {"a_second_handle", some_keys,
       [](stage& at) {
         strings second(twinmap::open_only, at.name, at.options);
         EXPECT_EQ(second.size(), at.expected.size());
       }},
      {"move_and_close", some_keys,
       [](stage& at) {
         strings moved(std::move(*at.map));
         *at.map = std::move(moved);
         at.view.emplace();
         at.view->close();
       }},
      {"remove", detached, remove, [](reference& expected) { expected.clear(); }},
      {"exists", detached, [](stage& at) { EXPECT_TRUE(twinmap::exists(at.name, at.options)); }},
  };
}

}  // namespace

const std::vector<scenario>& scenarios() {
  static const std::vector<scenario> all = [] {
    std::vector<scenario> found;
    for (auto* const part : {lookups, stores, changes, care, comings_and_goings})
      for (scenario& one : part())
        found.push_back(std::move(one));
    return found;
  }();
  return all;
}

}  // namespace exhaustion_test
