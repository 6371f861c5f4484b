#pragma once

// The read path. It takes no lock, makes no system call and, on a hit, writes nothing shared (P1);
// all of it works on a PROT_READ mapping (P2).
//
// Ordered accesses, each with its partner:
//   (R1) seq_cst load of the read root: with (T1) and (T5) of tables.cpp: the table is complete
//   (R2) seq_cst load of the dirty root: with (T1) of tables.cpp
//   (R3) seq_cst load of an entry word: with (E1) of mutate.cpp, (E2) of insert.cpp, (E3) of
//        tables.cpp and (S1) of slots.cpp, the CAS that published it
//   (R4) acquire fence, then a load of the word again: with (E1), (E2), (E3), (S1), (E4) of
//        insert.cpp and with (B1) and (B2) of storage/block_allocator.hpp: what was read between
//        was the slot's at the first load (rules R1, R2)
//   (R5) acquire fence, then relaxed re-load of a block's stamp: with (B1), (B2) and (B4) of
//        storage/block_allocator.hpp and (T3) of tables.cpp: the copied bytes are that stamp's
//        (rule R5)
//   (R6) acquire fence, then seq_cst re-loads of both roots and the epoch: with (T1), (T3), (T4)
//        and (T5) of tables.cpp: nothing was moved meanwhile (rule R3)
//   (R7) acquire fence between the tags of a group and their numbers: with (T2) of
//        storage/table_words.hpp
//   (R8) seq_cst load of the epoch, before the roots: with (T4) of tables.cpp
//   (R9) comparison of a key in one word, before the second look at the entry word, or with the
//        cached limit, below which memory stays: seq_cst by its function, with nothing

#include <twinmap/protocol/handle.hpp>
#include <twinmap/protocol/patience.hpp>
#include <twinmap/protocol/remembered_table.hpp>
#include <twinmap/storage/view.hpp>

#include <type_traits>

namespace twinmap::protocol {
inline namespace layout_1 {

enum class lookup : std::uint8_t {
  found,    ///< the sink has the value
  absent,   ///< the key's slot says so; the roots still have to be checked
  unknown,  ///< no slot of the table names the key
  retry,    ///< something moved: start again
  damaged   ///< what was found leads nowhere: start again, but not often (patience.hpp)
};

/// A key of up to 8 bytes of a fixed length, compared as one word.
struct word_key {
  std::uint64_t word;
  std::uint64_t hash;
  [[nodiscard]] bool matches(const segment_view&, const storage::entry& slot) const noexcept {
    return platform::holds(slot.key, word);  // (R9)
  }
};

/// A key of any length, in the slot or, if it does not fit there, in a block.
struct span_key {
  key_view key;
  std::uint64_t hash;
  [[nodiscard]] bool matches(const segment_view& view, const storage::entry& slot) const noexcept {
    const storage::entry_meta meta{slot.meta.load(std::memory_order_relaxed)};
    if (meta.key_length() != key.size) return false;
    if (key.size > view.key_capacity) [[unlikely]]
      return block_matches(view, slot, key.data, key.size);
    return platform::equal_bytes(slot.key_bytes(), key.data, key.size);
  }

 private:
  [[gnu::noinline]] static bool block_matches(const segment_view& view, const storage::entry& slot,
                                              const std::byte* data, std::size_t size) noexcept {
    const storage::block_ref ref{slot.key.load(std::memory_order_relaxed)};
    const storage::block_place at = view.heap.place(ref);
    return ref.length() == size && view.block_ok(ref, at) &&
           platform::equal_bytes(view.heap.heap + at.offset, data, size);
  }
};

/// A sink that only wants to know whether there is a value.
template <class Sink>
concept asks_presence = requires {
  Sink::presence_only;
};

/// A sink that may have no room: `declines(length)` is true if the length is all that it takes.
template <class Sink>
concept may_decline = requires(Sink sink) {
  sink.declines(std::size_t{});
};

/// `what` if the word still is what it was when all of it was read, else retry.
[[gnu::always_inline]] inline lookup if_unchanged(const storage::entry& slot,
                                                  storage::entry_word word, lookup what) noexcept {
  platform::acquire_fence();                                                   // (R4)
  return platform::holds(slot.value.first, word.bits) ? what : lookup::retry;  // (R4)
}

/// Rule R5. A sink has `inlined(payload, length)`, true if that length can be; `block(length)`,
/// private memory for the copy or null; and `takes_blocks`, false if no value of its type is ever
/// long enough for a block. Sinks are small references, passed by value.
template <class Sink>
[[gnu::noinline]] lookup read_block(const segment_view& view, const storage::entry& slot,
                                    storage::entry_word word, Sink sink) {
  const storage::block_ref ref{slot.value.second.load(std::memory_order_relaxed)};
  const storage::block_place at = view.heap.place(ref);
  const std::uint64_t length = ref.length();
  // Where the word has changed, the reference may be the next value's, or none.
  if (!view.block_ok(ref, at)) return if_unchanged(slot, word, lookup::damaged);
  const std::atomic<std::uint64_t>& stamp = view.heap.owners[ref.owner()].second;
  const std::uint64_t before = stamp.load(std::memory_order_relaxed);
  platform::acquire_fence();  // (R4)
  if (slot.value.first.load(std::memory_order_relaxed) != word.bits) return lookup::retry;
  if constexpr (may_decline<Sink>) {
    if (sink.declines(length)) return lookup::found;  // the length was the value's at (R4)
  }
  std::byte* to = sink.block(length);
  if (to == nullptr) return lookup::damaged;
  platform::copy_out(to, view.heap.heap + at.offset, length);
  platform::acquire_fence();  // (R5)
  return stamp.load(std::memory_order_relaxed) == before ? lookup::found : lookup::retry;
}

/// Rules R1 and R2: one slot that the index says may be the key's. Word first, then identity, then
/// value, then the word again. A mismatch needs no second look: if the slot changed hands
/// meanwhile, the roots have changed too, and a miss is proven by them.
template <class Key, class Sink>
[[gnu::always_inline]] inline lookup read_slot(const segment_view& view, const storage::entry& slot,
                                               Key key, Sink sink) {
  const storage::entry_word word{slot.value.first.load(std::memory_order_seq_cst)};  // (R3)
  if (word.state() == storage::entry_state::free || !key.matches(view, slot))
    return lookup::unknown;
  if constexpr (asks_presence<Sink>) {
    return if_unchanged(slot, word, word.live() ? lookup::found : lookup::absent);
  } else if (word.state() == storage::entry_state::live_inline) [[likely]] {
    const std::uint64_t payload = slot.value.second.load(std::memory_order_relaxed);
    platform::acquire_fence();  // (R4)
    if (slot.value.first.load(std::memory_order_relaxed) != word.bits) return lookup::retry;
    return sink.inlined(payload, word.inline_length()) ? lookup::found : lookup::damaged;
  }
  if (word.state() == storage::entry_state::live_block) {
    // A sink that takes no blocks says so, and the call and the escape of its address are gone.
    if constexpr (Sink::takes_blocks)
      return read_block(view, slot, word, sink);
    else
      return lookup::damaged;
  }
  return if_unchanged(slot, word, lookup::absent);
}

/// One group: every word with the key's tag. `unknown` goes on with the next group unless `*ends`
/// (an empty tag).
template <class Group, class Key, class Sink>
inline lookup read_group(const segment_view& view, const std::byte* group, Key key, Sink sink,
                         bool* ends) {
  storage::group_mask mask = storage::match_tag<Group>(group, key.hash);
  platform::acquire_fence();  // (R7)
  while (mask != 0) {
    const std::uint64_t number = storage::load_number<Group>(group, storage::first_of(mask));
    if (view.slot_ok(number)) [[likely]] {
      const lookup result = read_slot(view, view.slot(number), key, sink);
      if (result != lookup::unknown) return result;
    }
    mask &= mask - 1;
  }
  *ends = storage::match_empty<Group>(group) != 0;
  return lookup::unknown;
}

/// The groups after the home group. Bounded by the number of groups; the root is looked at again
/// every 16 groups.
template <class Group, class Key, class Sink>
[[gnu::noinline]] lookup read_displaced(const segment_view& view, storage::root_word root,
                                        const std::atomic<std::uint64_t>& root_cell, Key key,
                                        Sink sink) {
  const std::uint64_t groups = root.groups();
  const std::uint64_t start = root.offset();
  if (groups == 0 || !view.heap_ok(start, groups * storage::group_bytes)) return lookup::damaged;
  std::uint64_t group = storage::home_group(static_cast<std::uint32_t>(key.hash), groups);
  for (std::uint64_t step = 1; step < groups; ++step) {
    if (step % 16 == 0 && root_cell.load(std::memory_order_relaxed) != root.bits)
      return lookup::retry;
    group = group + 1 == groups ? 0 : group + 1;
    if (!view.group_ok(start + group * storage::group_bytes)) return lookup::damaged;
    bool ends = false;
    const lookup result = read_group<Group>(
        view, view.heap.heap + start + group * storage::group_bytes, key, sink, &ends);
    if (result != lookup::unknown || ends) return result;
  }
  return lookup::unknown;
}

template <class Group, class Key, class Sink>
inline lookup read_table_of(const segment_view& view, storage::root_word root,
                            const std::atomic<std::uint64_t>& root_cell, Key key, Sink sink) {
  const std::uint64_t offset =
      root.offset() + storage::home_group(static_cast<std::uint32_t>(key.hash), root.groups()) *
                          storage::group_bytes;
  if (!view.group_ok(offset)) [[unlikely]]
    return lookup::damaged;
  bool ends = false;
  const lookup result = read_group<Group>(view, view.heap.heap + offset, key, sink, &ends);
  if (result != lookup::unknown || ends) return result;
  return read_displaced<Group>(view, root, root_cell, key, sink);
}

/// Maps of over 2^24 slots; out of line, to keep the other path short.
template <class Key, class Sink>
[[gnu::noinline]] lookup read_wide_table(const segment_view& view, storage::root_word root,
                                         const std::atomic<std::uint64_t>& root_cell, Key key,
                                         Sink sink) {
  return read_table_of<storage::wide_group>(view, root, root_cell, key, sink);
}

template <class Key, class Sink>
inline lookup read_table(const segment_view& view, storage::root_word root,
                         const std::atomic<std::uint64_t>& root_cell, Key key, Sink sink) {
  if (root.wide()) [[unlikely]]
    return read_wide_table(view, root, root_cell, key, sink);
  return read_table_of<storage::narrow_group>(view, root, root_cell, key, sink);
}

/// Whether the line has the table that is read now.
[[gnu::always_inline]] inline bool is_current(const handle& map, const thread_cache::line& line) {
  return line.handle == map.id() && platform::holds(map.view.roots->read, line.root);  // (R1)
}

[[gnu::always_inline]] inline const std::byte* home_of(const thread_cache::line& line,
                                                       std::uint64_t hash) {
  return line.table +
         storage::home_group(static_cast<std::uint32_t>(hash), line.groups) * storage::group_bytes;
}

/// The slot that a word names, or null if that is none.
template <class Group>
[[gnu::always_inline]] inline storage::entry* named_slot(const segment_view& view,
                                                         const std::byte* group,
                                                         unsigned i) noexcept {
  const std::uint64_t number = storage::load_number<Group>(group, i);
  // Slot 0 is resident and nobody's.
  if (!platform::holds_more(view.slot_limit, number)) [[unlikely]]  // (R9)
    return nullptr;
  return &view.slot(number);
}

/// The slot of the first word of a home group of read that has the tag of `hash`, or null.
[[gnu::always_inline]] inline storage::entry* first_in_home(const segment_view& view,
                                                            const std::byte* group,
                                                            std::uint64_t hash) noexcept {
  const storage::group_mask mask = storage::match_tag<storage::narrow_group>(group, hash);
  platform::acquire_fence();  // (R7)
  if (mask == 0) [[unlikely]]
    return nullptr;
  return named_slot<storage::narrow_group>(view, group, storage::first_of(mask));
}

/// Whether the key certainly is absent because its home group has no word with its tag and an empty
/// place, read is the whole map, and nothing moved meanwhile (rule R3). False says nothing.
[[gnu::always_inline]] inline bool proves_absence(const handle& map, const thread_cache::line& line,
                                                  std::uint64_t hash) noexcept {
  if (storage::root_word{line.root}.amended()) return false;
  const storage::header_roots& roots = *map.view.roots;
  const std::uint64_t epoch = roots.epoch.load(std::memory_order_seq_cst);  // (R8)
  if (!is_current(map, line)) return false;
  const std::byte* group = home_of(line, hash);
  if (storage::match_tag<storage::narrow_group>(group, hash) != 0 ||
      storage::match_empty<storage::narrow_group>(group) == 0)
    return false;
  platform::acquire_fence();                                                             // (R6)
  return platform::holds(roots.read, line.root) && platform::holds(roots.epoch, epoch);  // (R6)
}

/// Sinks whose values are always in the slot, all of one length.
template <class Sink>
concept inline_only = requires {
  Sink::inline_length;
}
&&!Sink::takes_blocks;

/// `read_slot` for a type whose values are always in the slot: state and length in one comparison.
template <class Sink>
[[gnu::always_inline]] inline bool read_inline(const storage::entry& slot, const word_key& key,
                                               Sink sink) {
  constexpr std::uint8_t expected = storage::entry_word::live_inline_kind(Sink::inline_length);
  const storage::entry_word word{slot.value.first.load(std::memory_order_seq_cst)};  // (R3)
  if (word.kind() != expected || !platform::holds(slot.key, key.word)) [[unlikely]]  // (R9)
    return false;
  const std::uint64_t payload = slot.value.second.load(std::memory_order_relaxed);
  platform::acquire_fence();                                       // (R4)
  if (!platform::holds(slot.value.first, word.bits)) [[unlikely]]  // (R4)
    return false;
  return sink.inlined(payload, Sink::inline_length);
}

/// A slot that may be the key's. True: it is, and the sink has the value. False says nothing.
template <class Key, class Sink>
[[gnu::always_inline]] inline bool read_named(const segment_view& view, const storage::entry& slot,
                                              Key key, Sink sink) {
  if constexpr (std::is_same_v<Key, word_key> && inline_only<Sink>)
    return read_inline(slot, key, sink);
  else
    return read_slot(view, slot, key, sink) == lookup::found;
}

/// The words of the home group of read and of the one after it: where the key is if it is, but for
/// a few in a thousand. True: the sink has the value. False says nothing.
template <class Key, class Sink>
inline bool read_near_home(const segment_view& view, const thread_cache::line& line, Key key,
                           Sink sink) {
  const std::byte* group = home_of(line, key.hash);
  for (int step = 0; step != 2; ++step) {
    storage::group_mask mask = storage::match_tag<storage::narrow_group>(group, key.hash);
    platform::acquire_fence();  // (R7)
    for (; mask != 0; mask &= mask - 1) {
      const storage::entry* slot =
          named_slot<storage::narrow_group>(view, group, storage::first_of(mask));
      if (slot != nullptr && read_named(view, *slot, key, sink)) return true;
    }
    if (storage::match_empty<storage::narrow_group>(group) != 0) return false;
    group += storage::group_bytes;
    if (group == line.table + line.groups * storage::group_bytes) group = line.table;
  }
  return false;
}

/// The lookup when the fast path gave no value: the whole protocol, with the proof of absence.
template <class Key, class Sink>
[[gnu::always_inline]] inline bool load_by_protocol(const handle& map, Key key, Sink sink) {
  const segment_view& view = map.view;
  lookup_counters& counters = map.counters();
  // Where read is amended most of what comes here are keys that it does not have.
  if (const thread_cache::line& near = map.cache_line_of_thread();
      is_current(map, near) && !storage::root_word{near.root}.amended() &&
      read_near_home(view, near, key, sink)) {
    lookup_counters::add(counters.hits_read);
    return true;
  }
  patience left;
  lookup result = lookup::retry;
  bool stood = false;
  do {
    const std::uint64_t epoch = view.roots->epoch.load(std::memory_order_seq_cst);    // (R8)
    const storage::root_word read{view.roots->read.load(std::memory_order_seq_cst)};  // (R1)
    // `counters` has made the line this handle's, unless a sink or a signal looked elsewhere since.
    thread_cache::line& line = map.cache_line_of_thread();
    if (line.handle == map.id() && line.root != read.bits) remember_table(view, line, read);
    result = read_table(view, read, view.roots->read, key, sink);
    if (result == lookup::found) {
      lookup_counters::add(counters.hits_read);
      return true;
    }
    storage::root_word dirty{0};
    const bool probe_dirty = result == lookup::unknown && read.amended();
    if (probe_dirty) {
      dirty = {view.roots->dirty.load(std::memory_order_seq_cst)};  // (R2)
      result = dirty ? read_table(view, dirty, view.roots->dirty, key, sink) : lookup::damaged;
      if (result == lookup::found) {
        lookup_counters::add(counters.hits_dirty);
        map.note_miss(counters);
        return true;
      }
    }
    platform::acquire_fence();  // (R6)
    stood = view.roots->read.load(std::memory_order_seq_cst) == read.bits &&
            (!probe_dirty || view.roots->dirty.load(std::memory_order_seq_cst) == dirty.bits) &&
            view.roots->epoch.load(std::memory_order_seq_cst) == epoch;  // (R6)
    if (result < lookup::retry && stood) {
      if (probe_dirty) map.note_miss(counters);
      return false;
    }
    lookup_counters::add(counters.retries);
  } while (left.once_more(result == lookup::damaged && stood));
  map.raise_corrupted("a lookup found no consistent state");
}

/// Hidden, or a program and a library that it loads would share one copy, which fills the cache of
/// only one of them.
template <class Key, class Sink>
[[gnu::noinline, gnu::visibility("hidden")]] bool load_slowly(const handle& map, Key key,
                                                              Sink sink) {
  return load_by_protocol(map, key, sink);
}

/// What a lookup returns in two registers: were the address of the caller's variable passed, then
/// that would live in memory, on the fast path too.
struct payload_if_found {
  std::uint64_t found;
  std::uint64_t payload;
};

/// Takes values of one length as the slot has them.
template <unsigned length>
struct payload_sink {
  static constexpr bool takes_blocks = false;
  static constexpr unsigned inline_length = length;
  bool inlined(std::uint64_t payload, unsigned actual) const noexcept {
    *to = payload;
    return actual == length;
  }
  std::uint64_t* to;
};

/// `load_slowly` for values that are always in the slot.
template <unsigned length, class Key>
[[gnu::noinline, gnu::visibility("hidden")]] payload_if_found load_payload_slowly(const handle& map,
                                                                                  Key key) {
  payload_if_found result{0, 0};
  result.found = load_by_protocol(map, key, payload_sink<length>{&result.payload}) ? 1 : 0;
  return result;
}

/// Looks `key` up. True: the sink has the value.
///
/// Here is the fast path: the first word of the home group of read that has the key's tag is the
/// key's, and its slot holds still; or there is none, and that proves the key absent. Everything
/// else, a second word with the tag included, is left to `load_slowly`, so that nothing here loops
/// or calls, and all stays in registers.
template <class Key, class Sink>
[[gnu::always_inline]] inline bool load(const handle& map, Key key, Sink sink) {
  const thread_cache::line& line = map.cache_line_of_thread();
  if (is_current(map, line)) [[likely]] {
    const std::byte* group = home_of(line, key.hash);
    const storage::group_mask mask = storage::match_tag<storage::narrow_group>(group, key.hash);
    platform::acquire_fence();  // (R7)
    if (mask == 0) [[unlikely]] {
      if (proves_absence(map, line, key.hash)) return false;
    } else {
      const std::uint64_t number =
          storage::load_number<storage::narrow_group>(group, storage::first_of(mask));
      // Slot 0 is resident and nobody's.
      if (platform::holds_more(map.view.slot_limit, number) &&  // (R9)
          read_named(map.view, map.view.slot(number), key, sink)) [[likely]] {
        lookup_counters::add(line.counters->hits_read);
        return true;
      }
    }
  }
  if constexpr (inline_only<Sink>) {
    const payload_if_found result = load_payload_slowly<Sink::inline_length>(map, key);
    return result.found != 0 && sink.inlined(result.payload, Sink::inline_length);
  } else {
    return load_slowly(map, key, sink);
  }
}

}  // namespace layout_1
}  // namespace twinmap::protocol
