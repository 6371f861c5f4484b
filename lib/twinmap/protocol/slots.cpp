// Entry slots under the mutex: taking, giving back, reaping what earlier compactions expunged,
// purging in place.
//
// Ordered accesses:
//   (S1) the CAS to free: with (R3) and (R4) of reader.hpp
//   (S2) release store of slots_committed: with (V1) of storage/view.hpp: slots below it are
//        resident
//   (S3) release store of slots_used: with (W2) of walk.hpp
//   (S4) the CAS that links a free slot, or takes it out of the list: with (A2)
//   (S5) release store of the list's head: with (W5) of walk.hpp; and whoever takes the mutex from
//        a dead holder finds a slot linked before it is the head
//   (A2) acquire loads of an entry's word and payload, then a relaxed one of the word: with (A1) of
//        platform/atomic.hpp and with (S4): the two belong together

#include <twinmap/protocol/locked.hpp>
#include <twinmap/storage/plan.hpp>

#include <algorithm>
#include <utility>

namespace twinmap::protocol {

using storage::counter;
using storage::entry_state;
using storage::entry_word;

platform::pair_value load_pair(const storage::entry& slot) noexcept {
  constexpr std::uint32_t attempts =
      1u << 20;  // R6; what is read last then fails the CAS, or the second look, that follows
  platform::pair_value seen{};
  for (std::uint32_t attempt = 0; attempt != attempts; ++attempt) {
    seen.first = slot.value.first.load(std::memory_order_acquire);    // (A2)
    seen.second = slot.value.second.load(std::memory_order_acquire);  // (A2)
    if (slot.value.first.load(std::memory_order_relaxed) == seen.first) break;
  }
  return seen;
}

namespace {

/// Makes slots up to `next`, and their hashes, resident: whole `unit`s, as far as they are not yet.
/// What is resident beyond the published limits is found so by the next call.
bool commit_slots_until(locked_section& at, std::uint64_t now, std::uint64_t next,
                        std::uint64_t unit) {
  const storage::header_constant& constant = at.view().constant;
  platform::segment_file& file = at.by.state().file;
  const auto commit = [&](const storage::region& of, std::uint64_t bytes) {
    const storage::region range = storage::widened(of, now * bytes, next * bytes, unit);
    return !file.commit(range.offset, range.length);
  };
  return commit(constant.slots, 1ull << constant.slot_shift) &&
         commit(constant.hashes, sizeof(std::uint32_t));
}

/// Makes more slots resident: an eighth more, 64 KiB to 4 MiB at a time, a page if that is all
/// there is.
bool commit_slots(locked_section& at) {
  const segment_view& view = at.view();
  const std::uint64_t seed = view.seal_seed;
  const std::uint64_t now = storage::unseal(
      seed, storage::sealed::slots, at.roots().slots_committed.load(std::memory_order_relaxed));
  if (now == 0 || now > view.max_slots)
    at.by.map.raise_corrupted("slots_committed does not agree with its check");
  const std::uint64_t page = view.constant.page_size;
  const std::uint64_t unit = std::max(page, storage::region_unit(view.constant));
  const std::uint64_t bytes = now << view.slot_shift;
  const std::uint64_t more = std::clamp<std::uint64_t>(bytes / 8, 16 * page, 1024 * page);
  const std::uint64_t whole = (bytes + more + unit - 1) / unit * unit;
  for (const auto& [end, by] : {std::pair(whole, unit), std::pair(bytes + page, page)}) {
    const std::uint64_t next = std::min(end >> view.slot_shift, view.max_slots);
    if (next == now) return false;
    if (!commit_slots_until(at, now, next, by)) continue;
    at.roots().slots_committed.store(
        storage::seal(seed, storage::sealed::slots, static_cast<std::uint32_t>(next)),
        std::memory_order_release);  // (S2)
    return true;
  }
  return false;
}

/// Slots handed out, never more than are resident, whatever the header says (P6).
std::uint32_t usable_slots(locked_section& at) noexcept {
  const std::uint64_t used = at.locked().slots_used.load(std::memory_order_relaxed);
  return static_cast<std::uint32_t>(
      std::min({used, at.view().resident_slots(), at.view().max_slots}));
}

std::uint64_t pop_free(locked_section& at) noexcept {
  storage::header_locked& locked = at.locked();
  const std::uint32_t slot = locked.free_head.load(std::memory_order_relaxed);
  if (slot == 0) return 0;
  if (slot >= locked.slots_used.load(std::memory_order_relaxed) || !at.view().slot_ok(slot)) {
    locked.free_head.store(
        0, std::memory_order_relaxed);  // scribbled: a sweep finds the rest of the list again
    return 0;
  }
  const platform::pair_value seen = load_pair(at.view().slot(slot));
  if (entry_word{seen.first}.state() != entry_state::free) {
    locked.free_head.store(0, std::memory_order_relaxed);
    return 0;
  }
  locked.intent_slot.store(slot, std::memory_order_relaxed);
  locked.free_head.store(static_cast<std::uint32_t>(seen.second),
                         std::memory_order_release);  // (S5)
  compare_exchange(at.view().slot(slot).value, seen,
                   {entry_word{seen.first}.next(entry_state::free).bits, 0});  // (S4)
  return slot;
}

/// The block of a key that does not fit into its slot, and its owner pair; both zero for one that
/// does.
struct key_block {
  storage::block_ref ref{0};
  platform::pair_value owner{};
};

key_block block_of_key(locked_section& at, const storage::entry& slot) noexcept {
  const storage::entry_meta meta{slot.meta.load(std::memory_order_relaxed)};
  if (meta.key_length() <= at.view().key_capacity) return {};
  const storage::block_ref ref{slot.key.load(std::memory_order_relaxed)};
  return {ref, at.by.blocks().pair(ref)};
}

}  // namespace

std::uint64_t take_slot_locked(locked_section& at, errc& why) {
  if (const std::uint64_t slot = pop_free(at); slot != 0) return slot;
  storage::header_locked& locked = at.locked();
  const std::uint64_t used = locked.slots_used.load(std::memory_order_relaxed);
  why = used >= at.view().max_slots ? errc::too_many_entries : errc::no_space;
  if (used < at.view().max_slots && (at.view().slot_ok(used) || commit_slots(at))) {
    locked.intent_slot.store(static_cast<std::uint32_t>(used), std::memory_order_relaxed);
    locked.slots_used.store(static_cast<std::uint32_t>(used + 1),
                            std::memory_order_release);  // (S3)
    // The walk of reaping wraps where the slots end: it has one more to pass.
    if (const std::uint32_t left = locked.reap_left.load(std::memory_order_relaxed); left != 0)
      locked.reap_left.store(left + 1, std::memory_order_relaxed);
    return used;
  }
  reap_some_locked(at, locked.reap_left.load(std::memory_order_relaxed));
  if (const std::uint64_t slot = pop_free(at); slot != 0) return slot;
  constexpr std::uint32_t enough = 64;
  purge_locked(at, enough);
  return pop_free(at);
}

void give_slot_locked(locked_section& at, std::uint64_t slot) noexcept {
  storage::header_locked& locked = at.locked();
  storage::entry& entry = at.view().slot(slot);
  const platform::pair_value seen = load_pair(entry);
  const std::uint64_t next = locked.free_head.load(std::memory_order_relaxed);
  if (entry_word{seen.first}.state() == entry_state::free && next != slot) {
    compare_exchange(
        entry.value, seen,
        {entry_word{seen.first}.next(entry_state::free).bits, next | storage::listed_bit});  // (S4)
    locked.free_head.store(static_cast<std::uint32_t>(slot), std::memory_order_release);     // (S5)
  }
  locked.intent_slot.store(0, std::memory_order_relaxed);
}

bool free_slot_locked(locked_section& at, std::uint64_t slot, platform::pair_value seen) {
  storage::header_locked& locked = at.locked();
  storage::entry& entry = at.view().slot(slot);
  const storage::entry_meta meta{entry.meta.load(std::memory_order_relaxed)};
  locked.intent_slot.store(static_cast<std::uint32_t>(slot), std::memory_order_relaxed);
  // While the slot still names the block: later the pair may be somebody else's.
  const key_block key = block_of_key(at, entry);
  // First the state, then the tombstones (rule R4): a revived store must not be lost.
  const entry_word freed = entry_word{seen.first}.next(entry_state::free);
  if (!compare_exchange(entry.value, seen, {freed.bits, 0})) {  // (S1)
    locked.intent_slot.store(0, std::memory_order_relaxed);
    return false;
  }
  if (at.dirty()) unindex_locked(at, at.dirty(), slot);
  if (meta.birth() < locked.read_births.load(std::memory_order_relaxed))
    unindex_locked(at, at.read(), slot);
  if (key.ref.bits != 0) at.by.blocks().retire(key.ref, key.owner, at.by.context, false);
  give_slot_locked(at, slot);
  return true;
}

void reap_some_locked(locked_section& at, std::uint32_t steps) {
  storage::header_locked& locked = at.locked();
  if (locked.reap_left.load(std::memory_order_relaxed) == 0) return;
  const std::uint32_t used = usable_slots(at);
  std::uint32_t left = std::min(used, locked.reap_left.load(std::memory_order_relaxed));
  std::uint32_t slot = locked.reap_cursor.load(std::memory_order_relaxed);
  const std::uint64_t cycle = locked.cycle.load(std::memory_order_relaxed);
  for (; steps != 0 && left != 0; --steps, --left, ++slot) {
    if (slot == 0 || slot >= used) slot = 1;
    if (!at.view().slot_ok(slot)) continue;
    const platform::pair_value seen = load_pair(at.view().slot(slot));
    // Expunged in an earlier cycle: the read table that named it is gone, and dirty never did.
    if (entry_word{seen.first}.state() == entry_state::expunged && seen.second != cycle &&
        free_slot_locked(at, slot, seen))
      at.by.count(counter::swept_slots);
  }
  locked.reap_left.store(left, std::memory_order_relaxed);
  locked.reap_cursor.store(slot, std::memory_order_relaxed);
}

std::uint32_t purge_locked(locked_section& at, std::uint32_t enough) {
  storage::header_locked& locked = at.locked();
  // (T5) of tables.cpp: an in-place change of read, and its generation says so before it happens.
  at.roots().read.store(at.read().next_generation().bits, std::memory_order_seq_cst);
  at.roots().epoch.fetch_add(1, std::memory_order_seq_cst);  // (T4) of tables.cpp
  std::uint32_t freed = 0;
  std::uint32_t slot = locked.reap_cursor.load(std::memory_order_relaxed);
  const std::uint32_t used = usable_slots(at);
  for (std::uint32_t steps = 1; steps < used && freed < enough; ++steps, ++slot) {
    if (slot == 0 || slot >= used) slot = 1;
    const platform::pair_value seen = load_pair(at.view().slot(slot));
    const entry_state state = entry_word{seen.first}.state();
    if ((state == entry_state::nil || state == entry_state::expunged) &&
        free_slot_locked(at, slot, seen))
      ++freed;
  }
  locked.reap_cursor.store(slot, std::memory_order_relaxed);
  at.by.count(counter::purged, freed);
  return freed;
}

}  // namespace twinmap::protocol
