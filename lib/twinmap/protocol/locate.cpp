#include <twinmap/protocol/locate.hpp>

#include <twinmap/protocol/reader.hpp>

namespace twinmap::protocol {
namespace {

enum class probe : std::uint8_t { found, nothing, moved, damaged };

probe probe_slot(const segment_view& view, std::uint64_t number, const span_key& key,
                 location& at) {
  const storage::entry& slot = view.slot(number);
  const storage::entry_word word{
      slot.value.first.load(std::memory_order_seq_cst)};  // (R3) of reader.hpp
  if (word.state() == storage::entry_state::free || !key.matches(view, slot)) return probe::nothing;
  const std::uint64_t payload = slot.value.second.load(std::memory_order_relaxed);
  platform::acquire_fence();  // (R4) of reader.hpp
  if (slot.value.first.load(std::memory_order_relaxed) != word.bits) return probe::moved;
  at.slot = number;
  at.word = word;
  at.payload = payload;
  return probe::found;
}

template <class Group>
probe probe_table_of(const segment_view& view, storage::root_word root,
                     const std::atomic<std::uint64_t>& cell, const span_key& key, location& at) {
  const std::uint64_t groups = root.groups();
  const std::uint64_t start = root.offset();
  if (groups == 0 || !view.heap_ok(start, groups * storage::group_bytes)) return probe::damaged;
  std::uint64_t group = storage::home_group(static_cast<std::uint32_t>(key.hash), groups);
  for (std::uint64_t step = 0; step != groups; ++step) {
    if (step % 16 == 15 && cell.load(std::memory_order_relaxed) != root.bits) return probe::moved;
    const std::uint64_t offset = start + group * storage::group_bytes;
    if (!view.group_ok(offset)) return probe::damaged;
    const std::byte* words = view.heap.heap + offset;
    storage::group_mask mask = storage::match_tag<Group>(words, key.hash);
    platform::acquire_fence();  // (R7) of reader.hpp
    for (; mask != 0; mask &= mask - 1) {
      const std::uint64_t number = storage::load_number<Group>(words, storage::first_of(mask));
      if (!view.slot_ok(number)) continue;
      const probe result = probe_slot(view, number, key, at);
      if (result != probe::nothing) return result;
    }
    if (storage::match_empty<Group>(words) != 0) return probe::nothing;
    group = group + 1 == groups ? 0 : group + 1;
  }
  return probe::nothing;
}

probe probe_table(const segment_view& view, storage::root_word root,
                  const std::atomic<std::uint64_t>& cell, const span_key& key, location& at) {
  return root.wide() ? probe_table_of<storage::wide_group>(view, root, cell, key, at)
                     : probe_table_of<storage::narrow_group>(view, root, cell, key, at);
}

/// One attempt. Found: what `at` says stands, be it nothing.
probe try_locate(const segment_view& view, const span_key& key, location& at) {
  const std::uint64_t epoch = view.roots->epoch.load(std::memory_order_seq_cst);  // (R8)
  const storage::root_word read{
      view.roots->read.load(std::memory_order_seq_cst)};  // (R1) of reader.hpp
  storage::root_word dirty{0};
  at = {};
  at.amended = read.amended();
  probe result = probe_table(view, read, view.roots->read, key, at);
  if (result == probe::found) {
    at.where = found_in::read;
    // A slot that is live or nil stands for itself: the CAS on its word decides. Expunged must be
    // current (rule R3).
    if (at.word.live()) return probe::found;
  } else if (result == probe::nothing && read.amended()) {
    dirty = {view.roots->dirty.load(std::memory_order_seq_cst)};  // (R2) of reader.hpp
    result = dirty ? probe_table(view, dirty, view.roots->dirty, key, at) : probe::damaged;
    if (result == probe::found) at.where = found_in::dirty;
    if (at.live()) return probe::found;
  }
  platform::acquire_fence();  // (R6) of reader.hpp
  const bool stood = view.roots->read.load(std::memory_order_seq_cst) == read.bits &&
                     (!dirty || view.roots->dirty.load(std::memory_order_seq_cst) == dirty.bits) &&
                     view.roots->epoch.load(std::memory_order_seq_cst) == epoch;  // (R6)
  if (!stood || result == probe::moved) return probe::moved;
  return result == probe::damaged ? probe::damaged : probe::found;
}

/// A value that stands in read, by the fast path of reader.hpp; false says nothing.
bool locate_home(const handle& map, const span_key& key, location& at) {
  const thread_cache::line& line = map.cache_line_of_thread();
  if (!is_current(map, line)) [[unlikely]] {
    refresh_line(map);
    return false;
  }
  const storage::entry* slot = first_in_home(map.view, home_of(line, key.hash), key.hash);
  if (slot == nullptr || probe_slot(map.view, map.view.number_of(*slot), key, at) != probe::found ||
      !at.word.live())
    return false;
  at.where = found_in::read;
  at.amended = storage::root_word{line.root}.amended();
  return true;
}

}  // namespace

location locate(const handle& map, key_view key) {
  const span_key wanted{key, key.hash};
  location at;
  if (locate_home(map, wanted, at)) [[likely]]
    return at;
  patience left;
  probe result = probe::moved;
  do {
    result = try_locate(map.view, wanted, at);
    if (result == probe::found) return at;
  } while (left.once_more(result == probe::damaged));
  map.raise_corrupted("a search found no consistent state");
}

}  // namespace twinmap::protocol
