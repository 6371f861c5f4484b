// The two tables under the mutex: building dirty, growing it, promoting it.
//
// (T1) the store of a root, seq_cst, pairs with (R1), (R2) and (R6) of reader.hpp and with (W1) of
// walk.hpp: whoever sees the root sees a complete table. (T3) the release fence before the memory
// of a new table changes pairs with (R5) and (R6) of reader.hpp and with (W6) of walk.hpp, of those
// who may still be reading what was there: whoever has read anything of the new table sees that the
// old root, or the stamp, is no more. (T4) the seq_cst addition to the epoch, after the root, pairs
// with (R6) and (R8) of reader.hpp. (T5) the seq_cst store of read's next generation, before read
// changes in place, pairs with (R1) and (R6) of reader.hpp. (E3) the CAS nil → expunged pairs with
// (R3) and (R4) of reader.hpp.

#include <twinmap/platform/clock.hpp>
#include <twinmap/protocol/admin.hpp>
#include <twinmap/protocol/care.hpp>
#include <twinmap/protocol/locked.hpp>
#include <twinmap/protocol/standby.hpp>
#include <twinmap/storage/table_words.hpp>

#include <algorithm>

namespace twinmap::protocol {

using storage::counter;
using storage::entry_state;
using storage::entry_word;
using storage::narrow_group;
using storage::root_word;
using storage::wide_group;

namespace {

void bump_epoch(locked_section& at) noexcept {
  at.roots().epoch.fetch_add(1, std::memory_order_seq_cst);  // (T4)
}

void store_root(locked_section& at, std::atomic<std::uint64_t>& cell, root_word root) noexcept {
  cell.store(root.bits, std::memory_order_seq_cst);  // (T1)
  bump_epoch(at);
}

std::byte* table_memory(locked_section& at, root_word root) {
  const std::uint64_t start = root.offset();
  if (root.groups() == 0 || !at.view().heap_ok(start, root.groups() * storage::group_bytes))
    at.by.map.raise_corrupted("a table root leads outside the heap");
  return at.view().heap.heap + start;
}

std::uint32_t chunks_of_table(const segment_view& view, std::uint64_t groups) noexcept {
  const std::uint64_t bytes = groups * storage::group_bytes;
  return static_cast<std::uint32_t>((bytes + view.heap.chunk_bytes() - 1) >> view.heap.chunk_shift);
}

/// Chunks for a table, if need be those of blocks that are all free. Empty if there is no memory.
std::optional<std::uint32_t> claim_for_table(locked_section& at, std::uint32_t count) {
  storage::chunk_table& chunks = at.by.blocks().chunks();
  if (const auto first = chunks.claim(count, at.by.context.me)) return first;
  drop_standby_locked(at);
  if (const auto first = chunks.claim(count, at.by.context.me)) return first;
  at.by.header().allocation.tight.store(1, std::memory_order_relaxed);
  release_dead_standby_locked(at);
  // A sweep takes long, and everybody waits for it: not for each new key of a full map.
  constexpr std::uint64_t pause = 100'000'000;
  const std::uint64_t now = platform::monotonic_ns();
  std::uint64_t last = at.by.state().swept_for_table.load(std::memory_order_relaxed);
  if (now - last >= pause &&
      at.by.state().swept_for_table.compare_exchange_strong(last, now, std::memory_order_relaxed))
    sweep_in_passing(at.by.map);
  return chunks.claim(count, at.by.context.me);
}

/// An empty table, named as the one being built; a zero root if there is no memory.
root_word new_table(locked_section& at, std::uint64_t groups, bool wide) {
  const segment_view& view = at.view();
  if (groups > root_word::max_groups) return {0};
  const std::uint32_t count = chunks_of_table(view, groups);
  const auto first = claim_for_table(at, count);
  if (!first) return {0};
  // Where memory is short the next table may not be had: this one uses all of its chunks.
  if (at.by.blocks().tight())
    groups = (std::uint64_t{count} << view.heap.chunk_shift) / storage::group_bytes;
  at.locked().building.store(*first + 1, std::memory_order_relaxed);
  at.by.blocks().chunks().publish_run(*first, count, storage::chunk_kind::table);
  auto* words = reinterpret_cast<std::uint64_t*>(view.heap.heap +
                                                 (std::uint64_t{*first} << view.heap.chunk_shift));
  // (T3) Before this memory was to be had, the root of the table that was there had changed, or the
  // stamp of the block.
  platform::release_fence();
  for (std::uint64_t i = 0; i != groups * (storage::group_bytes / 8); ++i)
    __atomic_store_n(words + i, 0, __ATOMIC_RELAXED);
  return root_word::make(std::uint64_t{*first} << view.heap.chunk_shift, groups, wide,
                         at.read().generation() + 1);
}

void abandon_table(locked_section& at, root_word table) noexcept {
  release_table_locked(at, at.view().chunk_of(table));
  at.locked().building.store(0, std::memory_order_relaxed);
}

/// What a build copies, and what it leaves behind.
struct build {
  locked_section& at;
  root_word from;
  root_word to;
  bool compacting;
  std::uint64_t placed = 0;  ///< words of the new table that name a slot
  std::uint64_t filled = 0;  ///< and those that are not empty
  std::uint64_t expunged = 0;
};

/// Compaction: a nil slot leaves dirty. True if the word is not to be copied.
bool leave_behind(build& job, std::uint64_t slot) {
  storage::entry& entry = job.at.view().slot(slot);
  const platform::pair_value seen = load_pair(entry);
  if (entry_word{seen.first}.state() == entry_state::expunged) return true;
  if (entry_word{seen.first}.state() != entry_state::nil) return false;
  const storage::entry_meta meta{entry.meta.load(std::memory_order_relaxed)};
  if (meta.birth() >= job.at.locked().read_births.load(std::memory_order_relaxed))
    return free_slot_locked(job.at, slot, seen);  // in dirty alone: nobody needs it
  // Counted first: a build that finds expunged slots in read must leave them behind, also after a
  // crash here.
  job.at.counts().expunged.fetch_add(1, std::memory_order_relaxed);
  // nil → expunged before the word leaves dirty (rule R4).
  const std::uint64_t cycle = job.at.locked().cycle.load(std::memory_order_relaxed);
  job.at.locked().intent_slot.store(static_cast<std::uint32_t>(slot), std::memory_order_relaxed);
  const bool won = compare_exchange(  // (E3)
      entry.value, seen, {entry_word{seen.first}.next(entry_state::expunged).bits, cycle});
  if (won) {
    ++job.expunged;
    if (job.at.dirty()) unindex_locked(job.at, job.at.dirty(), slot);
  }
  job.at.locked().intent_slot.store(0, std::memory_order_relaxed);
  return won;
}

// Whatever number a word names: a prefetch may have any address.
template <class From>
void prefetch_group(build& job, const std::byte* group) noexcept {
  storage::for_words_in<From>(group, [&job](unsigned, storage::index_word word) {
    __builtin_prefetch(&job.at.view().slot_hash(word.slot));
    if (job.compacting) __builtin_prefetch(&job.at.view().slot(word.slot));
  });
}

/// Walks the groups of one table in order, which is nearly the order of the other: the copy runs
/// through memory.
template <class From, class To>
bool copy_words(build& job) {
  std::byte* from = table_memory(job.at, job.from);
  std::byte* to = table_memory(job.at, job.to);
  constexpr std::uint64_t ahead = 4;
  const std::uint64_t groups = job.from.groups();
  for (std::uint64_t group = 0; group != groups; ++group) {
    if (group + ahead < groups)
      prefetch_group<From>(job, from + (group + ahead) * storage::group_bytes);
    bool room = true;
    storage::for_words_in<From>(from + group * storage::group_bytes, [&](unsigned,
                                                                         storage::index_word word) {
      if (!room || !job.at.view().slot_ok(word.slot) ||
          (job.compacting && leave_behind(job, word.slot)))
        return;
      const std::uint32_t low = job.at.view().slot_hash(word.slot).load(std::memory_order_relaxed);
      room = storage::place_word<To>(to, job.to.groups(), low, word) != storage::placed::no_room;
      if (room) ++job.placed;
    });
    if (!room) return false;
  }
  return true;
}

/// Same shape: cache lines are copied as they are, tombstones included.
void copy_lines(build& job) {
  const auto* from = reinterpret_cast<const std::uint64_t*>(table_memory(job.at, job.from));
  auto* to = reinterpret_cast<std::uint64_t*>(table_memory(job.at, job.to));
  for (std::uint64_t i = 0; i != job.from.groups() * (storage::group_bytes / 8); ++i)
    __atomic_store_n(to + i, __atomic_load_n(from + i, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
}

bool copy_table(build& job) {
  if (!job.from.wide() && !job.to.wide()) return copy_words<narrow_group, narrow_group>(job);
  if (!job.from.wide()) return copy_words<narrow_group, wide_group>(job);
  if (!job.to.wide()) return copy_words<wide_group, narrow_group>(job);
  return copy_words<wide_group, wide_group>(job);
}

/// Numbers of the table that a build starts from.
struct table_counts {
  std::uint64_t named;
  std::uint64_t filled;
};

/// Builds the next dirty out of `from`, without its absent keys if they are many or `compact` says
/// so. A zero root if there is no memory.
build build_table(locked_section& at, root_word from, table_counts counts, bool compact = false) {
  const std::uint64_t live = std::min(count_size(at.view()), counts.named);
  const std::uint64_t deleted = counts.named - live;
  const bool compacting = compact || (deleted != 0 && deleted * 4 >= counts.named) ||
                          at.counts().expunged.load(std::memory_order_relaxed) != 0;
  const bool wide = wide_needed(at.view());
  build job{at, from, {0}, compacting};
  const bool room_enough =
      !compacting && wide == from.wide() && counts.filled + 1 <= storage::fill_limit(from) * 7 / 8;
  const std::uint64_t expected = compacting ? live : counts.named;
  const auto groups = [&](std::uint64_t words) {
    return wide ? storage::groups_for<wide_group>(words) : storage::groups_for<narrow_group>(words);
  };
  job.to = new_table(at, room_enough ? from.groups() : groups(expected + 1), wide);
  if (!job.to) return job;
  // Where memory is tight the new table may have become larger than was asked for.
  const bool same_shape = room_enough && job.to.groups() == from.groups();
  if (same_shape) {
    copy_lines(job);
    job.placed = counts.named;
  } else if (!copy_table(job)) {
    // The counters were off by what killed writers left, and the guess was too small: room for
    // every word there can be.
    abandon_table(at, job.to);
    job.placed = 0;
    job.to = new_table(at, groups(storage::word_count(from) + 1), wide);
    if (job.to && !copy_table(job)) {
      abandon_table(at, job.to);
      job.to = {0};
    }
  }
  job.filled = same_shape ? counts.filled : job.placed;
  if (!job.to) return job;
  at.by.count(counter::expunged, job.expunged);
  if (compacting) at.by.count(counter::compactions);
  return job;
}

/// After the root, or a holder killed in between would leave the old table with the new one's
/// counts. Counts that are off all the same are mended when the table turns out to be full
/// (index_locked).
void store_counts(locked_section& at, const build& job) noexcept {
  at.counts().dirty_filled.store(job.filled, std::memory_order_relaxed);
  at.counts().dirty_words.store(job.placed, std::memory_order_relaxed);
}

/// A complete dirty, which nobody looks into before read is amended.
bool build_dirty(locked_section& at, bool compact = false) {
  const build job = build_table(at, at.read(),
                                {at.counts().read_words.load(std::memory_order_relaxed),
                                 at.counts().read_filled.load(std::memory_order_relaxed)},
                                compact);
  if (!job.to) return false;
  store_root(at, at.roots().dirty, job.to);
  store_counts(at, job);
  at.locked().building.store(0, std::memory_order_relaxed);
  at.by.count(counter::dirty_builds);
  return true;
}

/// A dirty that says no more than read.
void drop_dirty(locked_section& at) {
  const std::uint32_t chunk = at.view().chunk_of(at.dirty());
  at.locked().retiring.store(chunk + 1, std::memory_order_relaxed);
  store_root(at, at.roots().dirty, {0});
  release_table_locked(at, chunk);
  at.locked().retiring.store(0, std::memory_order_relaxed);
}

/// Before the first insert after a promotion. Dirty is complete, and a root.
void amend(locked_section& at) {
  if (at.read().amended()) return;
  at.counts().amended_since.store(platform::monotonic_ns(), std::memory_order_relaxed);
  store_root(at, at.roots().read, at.read().with_amended(true));
  call_caretaker(at.by);
}

bool grow_dirty(locked_section& at) {
  drop_standby_locked(at);
  const root_word old = at.dirty();
  const build job = build_table(at, old,
                                {at.counts().dirty_words.load(std::memory_order_relaxed),
                                 at.counts().dirty_filled.load(std::memory_order_relaxed)});
  if (!job.to) return false;
  at.locked().retiring.store(at.view().chunk_of(old) + 1, std::memory_order_relaxed);
  store_root(at, at.roots().dirty, job.to);
  store_counts(at, job);
  at.locked().building.store(0, std::memory_order_relaxed);
  release_table_locked(at, at.view().chunk_of(old));
  at.locked().retiring.store(0, std::memory_order_relaxed);
  at.by.count(counter::dirty_growths);
  return true;
}

}  // namespace

void release_table_locked(locked_section& at, std::uint32_t chunk) noexcept {
  storage::chunk_table& chunks = at.by.blocks().chunks();
  const storage::chunk_entry head = chunks.load(chunk);
  if (head.kind() == storage::chunk_kind::table) chunks.release_run(chunk, head, at.by.context.me);
}

bool wide_needed(const segment_view& view) noexcept {
  return view.header->locked.slots_used.load(std::memory_order_relaxed) + 1 >=
         storage::narrow_slots;
}

namespace {

bool make_room(locked_section& at) {
  if (!at.dirty()) return build_dirty(at);
  const bool full = at.counts().dirty_filled.load(std::memory_order_relaxed) + 1 >
                    storage::fill_limit(at.dirty());
  if (!full && (at.dirty().wide() || !wide_needed(at.view()))) return true;
  if (grow_dirty(at)) return true;
  // No memory for a larger one (P7). Dirty, which holds every key, becomes read, and the chunks of
  // the old read serve.
  drop_standby_locked(at);
  promote_locked(at);
  return build_dirty(at);
}

}  // namespace

bool prepare_dirty_locked(locked_section& at) {
  const bool room = make_room(at);
  if (at.dirty()) amend(at);
  return room;
}

bool index_locked(locked_section& at, std::uint64_t slot, std::uint64_t hash) {
  const bool into_dirty = static_cast<bool>(at.dirty());
  const root_word table = into_dirty ? at.dirty() : at.read();
  if (!table.wide() && slot >= storage::narrow_slots) return false;
  // An in-place change of read: its generation says so before it happens (rule R3).
  if (!into_dirty) {
    store_root(at, at.roots().read, at.read().next_generation());
    at.locked().read_births.store(at.locked().births.load(std::memory_order_relaxed),
                                  std::memory_order_relaxed);
  }
  std::byte* memory = table_memory(at, table);
  const auto low = static_cast<std::uint32_t>(hash);
  const auto word = storage::index_word::make(hash, slot);
  std::uint64_t group = 0;
  const storage::placed where =
      table.wide() ? storage::place_word<wide_group>(memory, table.groups(), low, word, &group)
                   : storage::place_word<narrow_group>(memory, table.groups(), low, word, &group);
  auto& named = into_dirty ? at.counts().dirty_words : at.counts().read_words;
  auto& filled = into_dirty ? at.counts().dirty_filled : at.counts().read_filled;
  if (where == storage::placed::no_room) {
    // Whatever the count said: now the next attempt grows the table.
    filled.store(storage::word_count(table), std::memory_order_relaxed);
    return false;
  }
  if (into_dirty) mark_standby_locked(at, group);
  named.fetch_add(1, std::memory_order_relaxed);
  if (where == storage::placed::in_empty) filled.fetch_add(1, std::memory_order_relaxed);
  return true;
}

std::uint32_t unindex_locked(locked_section& at, root_word table, std::uint64_t slot) {
  std::byte* memory = table_memory(at, table);
  const std::uint32_t low = at.view().slot_hash(slot).load(std::memory_order_relaxed);
  std::uint32_t found = 0;
  const auto bury = [&found](std::byte* group, unsigned i) {
    storage::bury_word(group, i);
    ++found;
  };
  if (table.wide())
    storage::for_words_of<wide_group>(memory, table.groups(), low, slot, bury);
  else
    storage::for_words_of<narrow_group>(memory, table.groups(), low, slot, bury);
  const bool of_read = table.same_table(at.read());
  // The copy would go on naming it.
  if (!of_read && found != 0) drop_standby_locked(at);
  auto& named = of_read ? at.counts().read_words : at.counts().dirty_words;
  const std::uint64_t before = named.load(std::memory_order_relaxed);
  named.store(before - std::min<std::uint64_t>(before, found), std::memory_order_relaxed);
  return found;
}

void promote_locked(locked_section& at, std::uint64_t most_marks) noexcept {
  const root_word dirty = at.dirty();
  if (!dirty) return;
  if (!complete_standby_locked(at, most_marks)) drop_standby_locked(at);
  const std::uint64_t cycle = at.locked().cycle.load(std::memory_order_relaxed);
  at.locked().next_cycle.store(cycle + 1, std::memory_order_relaxed);
  at.locked().retiring.store(at.view().chunk_of(at.read()) + 1, std::memory_order_relaxed);
  const root_word next =
      root_word::make(dirty.offset(), dirty.groups(), dirty.wide(), at.read().generation() + 1);
  store_root(at, at.roots().read, next);
  finish_promotion_locked(at);
  at.by.count(counter::promotions);
  if (at.by.header().care.caretaker.load(std::memory_order_relaxed) == lease_word(at.by.context.me))
    at.by.count(counter::promotions_by_caretaker);
}

void finish_promotion_locked(locked_section& at) noexcept {
  storage::header_locked& locked = at.locked();
  storage::header_counts& counts = at.counts();
  const std::uint32_t retiring = locked.retiring.load(std::memory_order_relaxed);
  counts.read_words.store(counts.dirty_words.load(std::memory_order_relaxed),
                          std::memory_order_relaxed);
  counts.read_filled.store(counts.dirty_filled.load(std::memory_order_relaxed),
                           std::memory_order_relaxed);
  locked.read_births.store(locked.births.load(std::memory_order_relaxed),
                           std::memory_order_relaxed);
  if (counts.expunged.load(std::memory_order_relaxed) != 0)
    locked.reap_left.store(locked.slots_used.load(std::memory_order_relaxed),
                           std::memory_order_relaxed);
  counts.expunged.store(0, std::memory_order_relaxed);
  locked.cycle.store(locked.next_cycle.load(std::memory_order_relaxed), std::memory_order_relaxed);
  counts.miss_base.store(at.by.header().misses.total.load(std::memory_order_relaxed),
                         std::memory_order_relaxed);
  counts.amended_since.store(0, std::memory_order_relaxed);
  at.by.header().care.due_since.store(0, std::memory_order_relaxed);
  // Last: until dirty is another table, or none, a fix-up knows that the promotion has to be
  // finished, and every step before can be redone. A standby that is still there is complete: one
  // that is not was dropped before read changed.
  const root_word next = ready_standby(at.view(), at.read());
  store_root(at, at.roots().dirty, next);
  if (next) install_standby_locked(at, next);
  if (retiring != 0 && retiring - 1 != at.view().chunk_of(at.read()))
    release_table_locked(at, retiring - 1);
  locked.retiring.store(0, std::memory_order_relaxed);
}

bool compact_locked(locked_section& at) {
  drop_standby_locked(at);
  if (at.read().amended()) promote_locked(at);
  if (at.dirty()) drop_dirty(at);
  const std::uint64_t named = at.counts().read_words.load(std::memory_order_relaxed);
  if (named <= count_size(at.view()) || !build_dirty(at, true)) return false;
  promote_locked(at);
  return at.counts().read_words.load(std::memory_order_relaxed) < named;
}

bool promotion_due(const segment_view& view) noexcept {
  const storage::segment_header& header = *view.header;
  if (!root_word{header.roots.read.load(std::memory_order_relaxed)}.amended()) return false;
  const std::uint64_t misses = header.misses.total.load(std::memory_order_relaxed) -
                               header.counts.miss_base.load(std::memory_order_relaxed);
  // None of no entries is no miss: the very first insert amends before its word is in dirty.
  const std::uint64_t words = header.counts.dirty_words.load(std::memory_order_relaxed);
  return words != 0 && misses >= words;
}

}  // namespace twinmap::protocol
