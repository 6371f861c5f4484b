#pragma once

// Looking many keys up at once. One lookup waits for memory at its group, then at the slot that the
// group names, then perhaps at the value's block. Here it is cut into stages between those waits,
// and the stages of several keys are interleaved: each stage of a key asks for the cache line that
// the next one reads, and by then that has arrived.
//
// What a stage finds is a guess until the slot is read as `read_named` does: that alone proves a
// hit (rule R2), however old the root that led there. What it does not prove is looked up by
// `load_slowly`. So a root is looked at once for a whole stretch of keys.

#include <twinmap/protocol/reader.hpp>

#include <algorithm>
#include <array>
#include <bit>

namespace twinmap::protocol {
inline namespace layout_1 {

/// How many keys a stage is ahead of the next one. u64 -> u64 on an EPYC of the Zen 4 generation,
/// in ns per key, calls of 64 | 1024 keys; one by one a private absl::flat_hash_map took 26 and 48:
///
///   ahead      8         12          16          24          32          64
///   1 M    25 | 22    21 | 18     21 | 17     18 | 17     19 | 16     23 | 17
///   10 M   34 | 29    31 | 29     31 | 31     33 | 31     30 | 28     31 | 28
///
/// Below 24 a line has not come yet when it is read. With 64, calls of 64 keys have no key in the
/// second stage while there are some in the first.
inline constexpr std::size_t pipeline_depth = 32;

/// Fewer keys than this are looked up one by one: what the stages cost is then more than what they
/// save.
inline constexpr std::size_t least_pipelined = 8;

/// Keys that are looked up by one root, at most: few enough that no retired table is read for long,
/// many enough that the first and the last ones, which wait, do not count.
inline constexpr std::size_t longest_stretch = 1024;

/// Each stage for all keys before the next one.
template <class Last, class... Before>
[[gnu::always_inline]] inline void run_in_turn(std::size_t count, Last last, Before... before) {
  if constexpr (sizeof...(Before) != 0) run_in_turn(count, before...);
  for (std::size_t i = 0; i != count; ++i)
    last(i);
}

/// Calls each stage for 0, 1, … count - 1 in this order, each `pipeline_depth` keys ahead of the
/// next one. The last stage comes first in the list, and first in each step: then the place of its
/// key may be used anew.
template <class... Stages>
[[gnu::always_inline]] inline void run_in_stages(std::size_t count, Stages... last_to_first) {
  if (count <= pipeline_depth) return run_in_turn(count, last_to_first...);
  constexpr std::size_t skew = pipeline_depth * (sizeof...(Stages) - 1);
  for (std::size_t step = 0; step != count + skew; ++step) {
    std::size_t i = step - skew;  // where a stage is not there yet, this is over `count`
    ((i < count ? static_cast<void>(last_to_first(i)) : void(), i += pipeline_depth), ...);
  }
}

/// The read table as a stretch of lookups finds it at its beginning.
struct stretch_table {
  const std::byte* first;  ///< narrow: its groups, all of them readable
  std::uint64_t offset;    ///< wide: where they lie in the heap, if the root is sound
  std::uint64_t groups;
  bool wide;
};

inline stretch_table table_for_stretch(const handle& map) {
  const thread_cache::line& line = map.cache_line_of_thread();
  if (!is_current(map, line)) [[unlikely]]
    refresh_line(map);
  if (is_current(map, line)) [[likely]]
    return {line.table, 0, line.groups, false};
  const storage::root_word read{map.view.roots->read.load(std::memory_order_seq_cst)};  // (R1)
  if (read.wide()) return {nullptr, read.offset(), read.groups(), true};
  return {empty_group.data(), 0, 0, false};
}

/// Divides `count` keys into stretches and calls `f.operator()<Group>(table, first, length)` for
/// each.
template <class F>
[[gnu::always_inline]] inline void for_each_stretch(const handle& map, std::size_t count, F f) {
  for (std::size_t first = 0; first != count;) {
    const std::size_t length = std::min(count - first, longest_stretch);
    const stretch_table table = table_for_stretch(map);
    if (table.wide) [[unlikely]]
      f.template operator()<storage::wide_group>(table, first, length);
    else
      f.template operator()<storage::narrow_group>(table, first, length);
    first += length;
  }
}

/// What the stages of one stretch know of the keys that are between the first and the last stage.
template <class Group, std::size_t stages>
class lookups_in_flight {
 public:
  lookups_in_flight(const segment_view& view, const stretch_table& table) noexcept
      : view_(view), table_(table) {}

  [[gnu::always_inline]] void ask_for_group(std::size_t i, std::uint64_t hash) noexcept {
    const std::uint64_t home =
        storage::home_group(static_cast<std::uint32_t>(hash), table_.groups) * storage::group_bytes;
    const std::byte* group = empty_group.data();
    if constexpr (std::is_same_v<Group, storage::narrow_group>)
      group = table_.first + home;
    else if (view_.group_ok(table_.offset +
                            home))  // nobody has looked over the whole table (rule R6)
      group = view_.heap.heap + table_.offset + home;
    __builtin_prefetch(group);
    hashes_[i % places] = hash;
    groups_[i % places] = group;
  }

  [[gnu::always_inline]] void ask_for_slot(std::size_t i) noexcept {
    const std::byte* group = groups_[i % places];
    const storage::group_mask mask = storage::match_tag<Group>(group, hashes_[i % places]);
    platform::acquire_fence();  // (R7)
    const storage::entry* slot = nullptr;
    if (mask != 0) [[likely]] {
      slot = named_slot<Group>(view_, group, storage::first_of(mask));
      __builtin_prefetch(slot);
      // Another word with the tag: it is for `load_slowly` to find out which one is the key's, but
      // not to wait for memory.
      if (const storage::group_mask others = mask & (mask - 1); others != 0) [[unlikely]]
        __builtin_prefetch(named_slot<Group>(view_, group, storage::first_of(others)));
    } else {
      __builtin_prefetch(group + storage::group_bytes);  // if the home group is full
    }
    slots_[i % places] = slot;
  }

  /// Asks for the value, if it is in a block: its first lines and the stamp.
  [[gnu::always_inline]] void ask_for_block(std::size_t i) const noexcept {
    const storage::entry* slot = slots_[i % places];
    if (slot == nullptr) return;
    const storage::entry_word word{slot->value.first.load(std::memory_order_relaxed)};
    if (word.state() != storage::entry_state::live_block) return;
    const storage::block_ref ref{slot->value.second.load(std::memory_order_relaxed)};
    const std::uint64_t offset = view_.heap.offset(ref);
    if (!view_.heap_ok(offset, ref.length())) return;
    __builtin_prefetch(&view_.heap.owners[ref.owner()]);
    for (std::uint64_t at = 0; at < std::min<std::uint64_t>(ref.length(), 256); at += 64)
      __builtin_prefetch(view_.heap.heap + offset + at);
  }

  [[nodiscard]] std::uint64_t hash(std::size_t i) const noexcept { return hashes_[i % places]; }
  /// The first slot that the home group names for the key, or null.
  [[nodiscard]] const storage::entry* slot(std::size_t i) const noexcept {
    return slots_[i % places];
  }

 private:
  static constexpr std::size_t places = std::bit_ceil(pipeline_depth * (stages - 1));

  const segment_view& view_;
  const stretch_table& table_;
  std::array<std::uint64_t, places> hashes_;
  std::array<const std::byte*, places> groups_;
  std::array<const storage::entry*, places> slots_;
};

}  // namespace layout_1
}  // namespace twinmap::protocol
