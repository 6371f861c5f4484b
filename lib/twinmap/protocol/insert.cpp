// New keys, and keys whose slot was expunged: under the mutex.
//
// (E2) the CAS free → live, or expunged → live, is the linearization point; it pairs with (R3) and
// (R4) of reader.hpp and with (W3) of walk.hpp. Before it the key, the birth number and the index
// word are written, so that what is seen live is found by every later search (rule R4).
//
// (E4) the release fence before the key and the birth number of a free slot change pairs with (R4)
// of reader.hpp: whoever has read anything of them sees that the slot is another's.

#include <twinmap/protocol/locked.hpp>
#include <twinmap/protocol/mutation.hpp>

namespace twinmap::protocol {

using storage::counter;
using storage::entry_state;
using storage::entry_word;

namespace {

/// A key too long for a slot, in a block of its own.
class staged_key {
 public:
  staged_key(writer& by, key_view key) : by_(by), key_(key) {
    if (key.size <= by.map.view.key_capacity) return;
    block_ = allocate_or_raise(by, key.size, "a key");
    platform::release_fence();  // (B2) of storage/block_allocator.hpp
    platform::copy_in(by.map.view.heap.heap + by.map.view.heap.offset(block_.ref), key.data,
                      key.size);
  }
  staged_key(const staged_key&) = delete;
  staged_key& operator=(const staged_key&) = delete;
  ~staged_key() {
    if (block_) by_.blocks().cancel(block_, by_.context);
  }
  /// Into a slot whose state is free.
  void write_to(storage::entry& slot, std::uint64_t birth) const noexcept {
    platform::release_fence();  // (E4)
    slot.meta.store(storage::entry_meta::make(birth, key_.size).bits, std::memory_order_relaxed);
    if (block_)
      slot.key.store(block_.ref.bits, std::memory_order_relaxed);
    else
      platform::copy_in(slot.key_bytes(), key_.data, key_.size);
  }
  void published() noexcept {
    if (block_) by_.blocks().mark_live(block_, by_.context);
    block_ = {};
  }

 private:
  writer& by_;
  key_view key_;
  storage::owned_block block_;
};

/// expunged → live: dirty word first, then the CAS ⚑ (else a search through dirty misses what was
/// seen in read).
bool unexpunge_locked(locked_section& at, const location& where, std::uint64_t hash,
                      staged_value& value) {
  // Without memory for a dirty table there is none, and read, which names the slot, is the whole
  // map.
  const std::uint64_t cycle = at.locked().cycle.load(std::memory_order_relaxed);
  prepare_dirty_locked(at);
  // Room was made by a promotion: the read that named the slot is gone, and the key has none any
  // more.
  if (at.locked().cycle.load(std::memory_order_relaxed) != cycle) return false;
  storage::entry& slot = at.view().slot(where.slot);
  at.locked().intent_slot.store(static_cast<std::uint32_t>(where.slot), std::memory_order_relaxed);
  if (at.dirty() && !index_locked(at, where.slot, hash)) {
    at.locked().intent_slot.store(0, std::memory_order_relaxed);
    raise_no_space(at.by.map, storage::group_bytes, "an index word");
  }
  size_change change(at.by);
  const bool won = compare_exchange(slot.value, where.pair(), value.after(where.word));  // (E2)
  if (won) change.commit(+1);
  if (!won && at.dirty()) unindex_locked(at, at.dirty(), where.slot);
  at.locked().intent_slot.store(0, std::memory_order_relaxed);
  if (won) at.by.count(counter::unexpunged);
  return won;
}

/// A slot with a place in the index, state free and the key written. The intent names it. Raises if
/// there is none.
std::uint64_t place_key_locked(locked_section& at, key_view key, const staged_key& staged) {
  errc why = errc::no_space;
  constexpr int attempts = 3;
  for (int attempt = 0; attempt != attempts; ++attempt) {
    prepare_dirty_locked(at);  // without memory for it the key still may find room in place
    const std::uint64_t slot = take_slot_locked(at, why);
    if (slot == 0) break;
    const std::uint64_t birth = at.locked().births.load(std::memory_order_relaxed);
    at.locked().births.store(birth + 1, std::memory_order_relaxed);
    staged.write_to(at.view().slot(slot), birth);
    at.view().slot_hash(slot).store(static_cast<std::uint32_t>(key.hash),
                                    std::memory_order_relaxed);
    if (index_locked(at, slot, key.hash)) return slot;
    why = errc::no_space;
    give_slot_locked(at, slot);
    constexpr std::uint32_t enough = 64;
    purge_locked(at, enough);
  }
  if (why == errc::too_many_entries)
    raise(why, at.by.map.name(),
          "max_entries is " + std::to_string(at.view().constant.max_entries) + ", " +
              std::to_string(count_size(at.view())) + " keys are live");
  raise_no_space(at.by.map, storage::cache_line, "an entry");
}

bool insert_new_locked(locked_section& at, key_view key, staged_key& staged, staged_value& value) {
  const std::uint64_t number = place_key_locked(at, key, staged);
  storage::entry& slot = at.view().slot(number);
  const platform::pair_value seen = load_pair(slot);
  size_change change(at.by);
  if (!compare_exchange(slot.value, seen, value.after(entry_word{seen.first})))  // (E2)
    at.by.map.raise_corrupted("a free slot changed under the mutex");
  change.commit(+1);
  at.locked().intent_slot.store(0, std::memory_order_relaxed);
  staged.published();
  at.by.count(counter::inserts);
  return true;
}

}  // namespace

bool insert_absent(writer& by, key_view key, staged_value& value) {
  staged_key staged(by, key);
  locked_section at(by);
  constexpr std::uint32_t steps = 32;
  reap_some_locked(at, steps);
  const location where = locate(by.map, key);
  if (where.live() || where.in_state(entry_state::nil)) return false;
  const bool done = where.in_state(entry_state::expunged)
                        ? unexpunge_locked(at, where, key.hash, value)
                        : insert_new_locked(at, key, staged, value);
  if (done) value.published();
  return done;
}

}  // namespace twinmap::protocol
