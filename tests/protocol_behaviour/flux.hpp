// What may be in flux under the mutex, and who puts it there.
#pragma once

#include <twinmap/protocol/process_state.hpp>
#include <twinmap/protocol/standby.hpp>
#include <twinmap/storage/table_words.hpp>

#include <bit>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "fixture.hpp"

namespace protocol_tests {

namespace storage = twinmap::storage;
using storage::chunk_kind;
using storage::entry_word;
using storage::root_word;
using texts = test_maps::raw_map<std::string, std::string>;

inline test_maps::raw_settings of_a_small_map(std::uint64_t max_entries = 0) {
  test_maps::raw_settings settings = one_by_one();
  settings.max_bytes = 4u << 20;
  settings.max_writers = 4;
  settings.max_entries = max_entries;
  return settings;
}

// What stands in the segment between two accesses of its only writer.
class moment {
 public:
  explicit moment(texts& map)
      : view_(map.raw().view),
        locked_(view_.header->locked),
        chunks_(map.raw().state().blocks.chunks()),
        read_{view_.roots->read.load()},
        dirty_{view_.roots->dirty.load()},
        standby_(twinmap::protocol::any_standby(view_)) {}

  std::string wrong() {
    check_tables();
    check_slots();
    check_filled();
    return wrong_;
  }

 private:
  void find(const std::string& what) {
    if (wrong_.empty()) wrong_ = what;
  }

  void check_tables() {
    const auto in_flux = [this](std::uint32_t chunk) {
      return locked_.building == chunk + 1 || locked_.retiring == chunk + 1;
    };
    for (const root_word root : {read_, dirty_, standby_})
      if (root && chunks_.load(view_.chunk_of(root)).kind() != chunk_kind::table)
        find("a root leads to what is no table");
    for (std::uint32_t chunk = 0; chunk != chunks_.committed(); ++chunk) {
      if (chunks_.load(chunk).kind() != chunk_kind::table || in_flux(chunk)) continue;
      bool named = false;
      for (const root_word root : {read_, dirty_, standby_})
        named = named || (root && view_.chunk_of(root) == chunk);
      if (!named) find("nobody names the table in chunk " + std::to_string(chunk));
    }
  }

  // How often each slot stands in a table.
  std::vector<unsigned> words_of(root_word root) const {
    std::vector<unsigned> found(locked_.slots_used + 1);
    for (std::uint64_t group = 0; root && group != root.groups(); ++group)
      storage::for_words_in<storage::narrow_group>(
          view_.heap.heap + root.offset() + group * storage::group_bytes,
          [&](unsigned, storage::index_word word) {
            if (word.slot < found.size()) ++found[word.slot];
          });
    return found;
  }

  void check_slots() {
    const auto in_read = words_of(read_);
    const auto in_dirty = words_of(dirty_);
    const auto listed = listed_slots();
    for (std::uint32_t slot = 1; slot < locked_.slots_used; ++slot) {
      const auto& pair = view_.slot(slot).value;
      const entry_state state = entry_word{pair.first.load()}.state();
      const std::string name = "slot " + std::to_string(slot);
      if (storage::entry_meta{view_.slot(slot).meta.load()}.birth() >= locked_.births)
        find(name + " was born in the future");
      if (in_read[slot] > 1 || in_dirty[slot] > 1) find(name + " stands in a table twice");
      const bool there = state == entry_state::live_inline || state == entry_state::live_block ||
                         state == entry_state::nil;
      if (there && in_read[slot] + in_dirty[slot] == 0) find(name + " is in no table");
      if (there && dirty_ && in_dirty[slot] == 0) find(name + " is not in dirty");
      if (slot == locked_.intent_slot) continue;
      if (state == entry_state::free && !listed[slot]) find(name + " is nobody's");
      if (state == entry_state::free && in_read[slot] + in_dirty[slot] != 0)
        find(name + " is free and in a table");
      if (state == entry_state::expunged && in_dirty[slot] != 0)
        find(name + " is expunged and in dirty");
    }
  }

  // Those that the free list leads to.
  std::vector<bool> listed_slots() {
    std::vector<bool> found(locked_.slots_used);
    std::uint32_t slot = locked_.free_head;
    for (std::uint32_t steps = 0; slot < found.size() && slot != 0 && !found[slot]; ++steps) {
      const auto& pair = view_.slot(slot).value;
      const bool free = entry_word{pair.first.load()}.state() == entry_state::free;
      if (!free || (pair.second.load() & storage::listed_bit) == 0)
        find("slot " + std::to_string(slot) + " is where the list leads");
      found[slot] = true;
      slot = static_cast<std::uint32_t>(pair.second.load());
    }
    return found;
  }

  // Counts may be too large, but not too small: a table would be filled to the last place.
  void check_filled() {
    std::uint64_t filled = 0;
    for (std::uint64_t group = 0; dirty_ && group != dirty_.groups(); ++group)
      filled += storage::narrow_group::per_group -
                static_cast<unsigned>(std::popcount(storage::match_empty<storage::narrow_group>(
                    view_.heap.heap + dirty_.offset() + group * storage::group_bytes)));
    if (filled > view_.header->counts.dirty_filled + 1) find("dirty is fuller than is known");
  }

  const twinmap::protocol::segment_view& view_;
  const storage::header_locked& locked_;
  storage::chunk_table& chunks_;
  root_word read_;
  root_word dirty_;
  root_word standby_;
  std::string wrong_;
};

inline void store(texts& map, int first, int last, std::size_t length = 1) {
  for (int i = first; i != last; ++i)
    map.store(std::to_string(i), std::string(length, 'v'));
}
inline void erase(texts& map, int first, int last) {
  for (int i = first; i != last; ++i)
    map.erase(std::to_string(i));
}
inline void fill_read(texts& map) {
  store(map, 0, 12);
  map.promote();
}
inline void fill_dirty(texts& map) {
  fill_read(map);
  store(map, 12, 36);
}
inline void expunge(texts& map) {
  fill_read(map);
  erase(map, 0, 9);
  store(map, 20, 21);
}

struct change {
  std::string name;
  std::function<void(texts&)> before;
  std::function<void(texts&)> run;
  std::uint64_t max_entries = 0;
};

inline void PrintTo(const change& each, std::ostream* to) {
  *to << each.name;
}

inline void insert(texts& map) {
  map.store("new", "v");
}

inline const std::vector<change>& changes() {
  static const std::vector<change> all{
      {"BuildsDirty", fill_read, insert},
      {"BuildsDirtyAgainWhereACountWasWrong",
       [](texts& map) {
         store(map, 0, 100);
         map.promote();
         erase(map, 0, 30);
         map.raw().view.header->counts.read_words = 2;
         map.raw().view.header->counts.read_filled = 1000;
       },
       insert},
      {"GrowsDirty", fill_dirty, insert},
      {"GrowsDirtyCompacting",
       [](texts& map) {
         fill_dirty(map);
         erase(map, 0, 2);
         erase(map, 12, 32);
       },
       insert},
      {"GrowsDirtyBesideAStandby",
       [](texts& map) {
         fill_dirty(map);
         map.prepare_standby();
       },
       insert},
      {"BuildsDirtyCompacting",
       [](texts& map) {
         fill_read(map);
         erase(map, 0, 9);
       },
       insert},
      {"Reaps",
       [](texts& map) {
         expunge(map);
         map.promote();
       },
       insert},
      {"Unexpunges", expunge, [](texts& map) { map.store("3", "v"); }},
      {"Promotes", fill_dirty, [](texts& map) { map.promote(); }},
      {"PromotesAStandby",
       [](texts& map) {
         fill_dirty(map);
         map.prepare_standby();
       },
       [](texts& map) { map.promote(); }},
      {"Copies", fill_dirty, [](texts& map) { map.prepare_standby(); }},
      {"Compacts",
       [](texts& map) {
         fill_dirty(map);
         erase(map, 0, 20);
       },
       [](texts& map) { map.compact(); }},
      {"CompactsWhatAStandbyFollowed",
       [](texts& map) {
         fill_dirty(map);
         map.prepare_standby();
         map.promote();
         erase(map, 0, 20);
       },
       [](texts& map) { map.compact(); }},
      {"Purges",
       [](texts& map) {
         store(map, 0, 20);
         map.promote();
         erase(map, 0, 6);
       },
       insert, 20},
      {"PurgesBesideAStandby",
       [](texts& map) {
         store(map, 0, 4);
         map.promote();
         store(map, 4, 6);
         map.prepare_standby();
         erase(map, 0, 2);
       },
       insert, 6},
      {"InsertsIntoReadForWantOfMemory",
       [](texts& map) {
         fill_read(map);
         twinmap::protocol::writer by = begin_care(map.raw());
         while (by.blocks().chunks().claim(1, by.context.me)) {
         }
       },
       insert},
      {"ReusesASlot",
       [](texts& map) {
         fill_read(map);
         erase(map, 0, 3);
         map.compact();
       },
       insert},
      {"FindsALostSlot",
       [](texts& map) {
         fill_read(map);
         erase(map, 0, 1);
         map.compact();
         // As if it had been taken by who died.
         auto& head = map.raw().view.header->locked.free_head;
         map.raw().view.slot(head).value.second.store(0);
         head = 0;
       },
       [](texts& map) { map.sweep(); }},
  };
  return all;
}

}  // namespace protocol_tests
