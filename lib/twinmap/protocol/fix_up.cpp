// What the one who takes the mutex from a dead holder settles (P4): constant time, idempotent,
// waits for nobody, and may itself be killed anywhere.
//
//   found                                   done
//   dirty is the read table                 the promotion is finished
//   dirty, and read not amended             nothing: dirty is complete, an insert will amend read
//   a standby that is a root                it is no standby any more
//   any other standby                       dropped: dirty may have lost a word that it still has
//   a table being built that is no root     its chunks become free
//   a table retired that is no root         its chunks become free
//   intent slot, state free                 its words become tombstones, it goes to the free list
//   intent slot, state expunged             its words in dirty become tombstones
//   intent slot, live or nil                nothing: the CAS that decides has happened, or has not
//
// A slot beyond slots_used was named before it was taken: nothing. A free slot at the head of the
// list is in the list: it is pushed last and popped first.

#include <twinmap/protocol/locked.hpp>
#include <twinmap/protocol/standby.hpp>

namespace twinmap::protocol {

using storage::entry_state;
using storage::root_word;

namespace {

void settle_roots(locked_section& at) noexcept {
  const root_word dirty = at.dirty();
  if (!dirty) return;
  if (dirty.same_table(at.read())) return finish_promotion_locked(at);
  const root_word standby = ready_standby(at.view(), at.read());
  if (standby && standby.same_table(dirty)) install_standby_locked(at, standby);
}

/// `named` holds a table's first chunk + 1.
void settle_table(locked_section& at, std::atomic<std::uint32_t>& named) noexcept {
  const std::uint32_t chunk = named.load(std::memory_order_relaxed) - 1;
  const bool is_root = chunk == at.view().chunk_of(at.read()) ||
                       (at.dirty() && chunk == at.view().chunk_of(at.dirty())) ||
                       is_standby(at.view(), chunk);
  if (!is_root) release_table_locked(at, chunk);
  named.store(0, std::memory_order_relaxed);
}

void settle_slot(locked_section& at, std::uint32_t slot) {
  storage::header_locked& locked = at.locked();
  if (slot >= locked.slots_used.load(std::memory_order_relaxed) || !at.view().slot_ok(slot)) {
    locked.intent_slot.store(0, std::memory_order_relaxed);
    return;
  }
  const storage::entry_word word{load_pair(at.view().slot(slot)).first};
  const bool leaving = word.state() == entry_state::free || word.state() == entry_state::expunged;
  if (leaving && at.dirty()) unindex_locked(at, at.dirty(), slot);
  if (word.state() == entry_state::free) {
    if (unindex_locked(at, at.read(), slot) != 0) {
      // (T5) of tables.cpp, after the change: what left read named a slot that was nobody's before.
      at.roots().read.store(at.read().next_generation().bits, std::memory_order_seq_cst);
      at.roots().epoch.fetch_add(1, std::memory_order_seq_cst);  // (T4) of tables.cpp
    }
    give_slot_locked(at, slot);
  }
  locked.intent_slot.store(0, std::memory_order_relaxed);
}

}  // namespace

void fix_up_locked(locked_section& at) {
  // (T4) of tables.cpp: the dead one may have stored a root and not come to the epoch.
  at.roots().epoch.fetch_add(1, std::memory_order_seq_cst);
  settle_roots(at);
  drop_standby_locked(at);
  if (at.locked().building.load(std::memory_order_relaxed) != 0)
    settle_table(at, at.locked().building);
  if (at.locked().retiring.load(std::memory_order_relaxed) != 0)
    settle_table(at, at.locked().retiring);
  if (const std::uint32_t slot = at.locked().intent_slot.load(std::memory_order_relaxed); slot != 0)
    settle_slot(at, slot);
  at.by.count(storage::counter::fix_ups);
}

}  // namespace twinmap::protocol
