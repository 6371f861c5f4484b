#include <twinmap/protocol/admin.hpp>
#include <twinmap/protocol/care.hpp>
#include <twinmap/protocol/locked.hpp>
#include <twinmap/protocol/process_state.hpp>
#include <twinmap/storage/table_words.hpp>

#include <algorithm>

namespace twinmap::protocol {

using storage::chunk_kind;
using storage::counter;

namespace {

/// What threads of this process have counted and not published yet.
void add_unpublished(const handle& map, stats_snapshot& out) {
  process_state& state = map.state();
  const std::lock_guard guard(state.threads_mutex);
  const auto add = [&out](counter which, std::uint64_t n) {
    out.counts[static_cast<std::size_t>(which)] += n;
  };
  const auto add_set = [&](const lookup_counters& now, const lookup_counters& before) {
    add(counter::hits_read, now.hits_read.load() - before.hits_read.load());     // (N5)
    add(counter::hits_dirty, now.hits_dirty.load() - before.hits_dirty.load());  // (N5)
    add(counter::misses, now.misses.load() - before.misses.load());              // (N5)
    add(counter::retries, now.retries.load() - before.retries.load());           // (N5)
  };
  for (const auto& thread : state.threads)
    add_set(thread->counters, thread->published);
}

/// Bytes that chunks of the heap hold, by the allocator's hints.
std::uint64_t heap_bytes_used(const segment_view& view, const storage::chunk_table& chunks) {
  std::uint64_t used = 0;
  const std::uint32_t limit = chunks.committed();
  for (std::uint32_t chunk = 0; chunk != limit; ++chunk) {
    const storage::chunk_entry entry = chunks.load(chunk);
    if (entry.kind() == chunk_kind::free) continue;
    if (entry.kind() != chunk_kind::small || entry.number() >= storage::class_count) {
      used += view.heap.chunk_bytes();
      continue;
    }
    const std::uint32_t blocks = chunks.blocks_of(entry.number());
    const std::uint32_t free = std::min<std::uint32_t>(
        blocks, view.chunk(chunk).free_hint.load(std::memory_order_relaxed));
    used +=
        (blocks - free) * (storage::granules_of_class(entry.number()) << view.heap.granule_shift);
  }
  return used;
}

/// The two tables by their roots and the counts beside them: no table is walked.
void look_at_tables(const storage::segment_header& header, stats_snapshot& out) {
  const storage::root_word read{header.roots.read.load(std::memory_order_acquire)};    // (W1)
  const storage::root_word dirty{header.roots.dirty.load(std::memory_order_acquire)};  // (W1)
  out.amended = read.amended();
  out.generation = read.generation();
  out.epoch = header.roots.epoch.load(std::memory_order_relaxed);
  out.read_words = header.counts.read_words.load(std::memory_order_relaxed);
  out.read_places = storage::word_count(read);
  if (!dirty) return;
  out.dirty_words = header.counts.dirty_words.load(std::memory_order_relaxed);
  out.dirty_places = storage::word_count(dirty);
  const std::uint64_t born = header.locked.births.load(std::memory_order_relaxed);
  const std::uint64_t in_read = header.locked.read_births.load(std::memory_order_relaxed);
  out.dirty_only = std::min(born > in_read ? born - in_read : 0, out.dirty_words);
}

void count_states(const handle& map, stats_snapshot& out) {
  const segment_view& view = map.view;
  for (std::uint64_t number = 1; number < out.slots_used && view.slot_ok(number); ++number) {
    // (W4) of walk.hpp
    switch (storage::entry_word{view.slot(number).value.first.load(std::memory_order_acquire)}
                .state()) {
      case storage::entry_state::live_inline:
      case storage::entry_state::live_block:
        ++out.entries_live;
        break;
      case storage::entry_state::nil:
        ++out.entries_nil;
        break;
      case storage::entry_state::expunged:
        ++out.entries_expunged;
        break;
      default:
        ++out.entries_free;
        break;
    }
  }
}

}  // namespace

stats_snapshot stats(const handle& map, bool by_state) {
  const segment_view& view = map.view;
  const storage::segment_header& header = *view.header;
  stats_snapshot out;
  for (std::size_t i = 0; i != storage::counter_count; ++i)
    out.counts[i] = header.totals[i].load(std::memory_order_relaxed);
  for (std::uint32_t slot = 0; slot != view.constant.max_writers; ++slot) {
    const storage::lease_page& lease = view.lease(slot);
    for (std::size_t i = 0; i != storage::counter_count; ++i)
      out.counts[i] += lease.counts[i].load(std::memory_order_relaxed);
    out.writers += lease.who.held.load(std::memory_order_relaxed) != 0 ? 1u : 0u;
  }
  add_unpublished(map, out);
  look_at_tables(header, out);
  out.cared_for = lives(map, header.care.caretaker.load(std::memory_order_relaxed));
  out.max_entries = view.constant.max_entries;
  out.slots_used =
      std::min<std::uint64_t>(header.locked.slots_used.load(std::memory_order_acquire),  // (W2)
                              view.max_slots);
  const std::uint64_t slot_bytes = (1ull << view.slot_shift) + sizeof(std::uint32_t);
  out.bytes_used = view.constant.hashes.offset + out.slots_used * slot_bytes +
                   heap_bytes_used(view, map.state().blocks.chunks());
  out.bytes_committed = map.state().file.resident_bytes();
  out.bytes_max = view.constant.file_size;
  if (by_state) count_states(map, out);
  return out;
}

}  // namespace twinmap::protocol
