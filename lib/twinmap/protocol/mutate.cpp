// Changing a key that has a slot: by one CAS, without a lock (P3).
//
// (E1) the 16-byte CAS on {word, payload} publishes what was written before it and pairs with (R3)
// and (R4) of reader.hpp. It succeeds only if the slot has not changed since it was located: it was
// this key's, live or nil, and so indexed (rule R4).

#include <twinmap/platform/swap_pair.hpp>
#include <twinmap/protocol/admin.hpp>
#include <twinmap/protocol/mutation.hpp>
#include <twinmap/protocol/slot_copy.hpp>
#include <twinmap/protocol/standby.hpp>

#include <sched.h>

namespace twinmap::protocol {

using storage::counter;
using storage::entry_state;
using storage::entry_word;

bool handle::load(key_view key, value_buffer& out) const {
  buffer_sink sink{&out};
  return protocol::load(*this, span_key{key, key.hash}, sink);
}

storage::owned_block allocate_or_raise(writer& by, std::uint64_t length, const char* what) {
  if (length > by.map.view.max_heap_bytes || length > ~std::uint32_t{0})
    raise(errc::value_too_long, by.map.name(),
          std::to_string(length) + " bytes, the heap of this map is " +
              std::to_string(by.map.view.max_heap_bytes));
  const auto size = static_cast<std::uint32_t>(length);
  if (const auto block = by.blocks().allocate(size, by.context)) return block;
  // Memory is tight: nobody hoards from now on, and what the dead held is taken back.
  if (by.map.view.heap.small(length))
    by.header().allocation.tight.store(1, std::memory_order_relaxed);
  constexpr int patience = 4;
  for (int attempt = 0; attempt != patience; ++attempt) {
    by.blocks().flush(by.context);
    if (attempt == 1) sweep_in_passing(by.map);
    // What was copied ahead of need gives way to values.
    if (attempt == 2) locked_section::try_run(by, drop_standby_locked);
    if (const auto block = by.blocks().allocate(size, by.context)) return block;
    sched_yield();
  }
  raise_no_space(by.map, length, what);
}

void staged_value::stage(bytes value) {
  length_ = value.size();
  if (length_ <= storage::inline_value_bytes) {
    drop();
    payload_ = length_ == 0 ? 0 : platform::load_part(value.data(), length_);
    return;
  }
  const auto& heap = by_.map.view.heap;
  if (block_ && heap.block_bytes(block_.ref.length()) == heap.block_bytes(length_)) [[unlikely]]
    block_.ref = storage::block_ref::make(block_.ref.owner(), static_cast<std::uint32_t>(length_));
  else {
    drop();
    block_ = allocate_or_raise(by_, length_, "a value");
  }
  // (B2) of storage/block_allocator.hpp, between the new stamp and these stores.
  platform::release_fence();
  platform::copy_in(heap.heap + heap.offset(block_.ref), value.data(), length_);
  payload_ = block_.ref.bits;
}

platform::pair_value staged_value::after(entry_word before) const noexcept {
  const bool in_block = length_ > storage::inline_value_bytes;
  const entry_word word =
      in_block ? before.next(entry_state::live_block)
               : before.next(entry_state::live_inline, static_cast<unsigned>(length_));
  return {word.bits, payload_};
}

void staged_value::published() noexcept {
  if (block_) by_.blocks().mark_live(block_, by_.context);
  block_ = {};
}

void staged_value::drop() noexcept {
  if (block_) by_.blocks().cancel(block_, by_.context);
  block_ = {};
}

void retire_value(writer& by, const location& before, platform::pair_value seen,
                  bool hoard) noexcept {
  if (before.word.state() == entry_state::live_block)
    by.blocks().retire(storage::block_ref{before.payload}, seen, by.context, hoard);
}

namespace {

/// live → live: the number of keys stays.
bool replace(writer& by, const location& at, staged_value& value) {
  const bool had_block = at.word.state() == entry_state::live_block;
  const platform::pair_value owner =
      had_block ? by.blocks().pair(storage::block_ref{at.payload}) : platform::pair_value{};
  if (!platform::compare_exchange_inlined(by.map.view.slot(at.slot).value, at.pair(),
                                          value.after(at.word)))
    return false;  // (E1)
  value.published();
  retire_value(by, at, owner, true);
  return true;
}

/// nil → live, in read or in dirty, without the mutex.
bool revive(writer& by, const location& at, staged_value& value) {
  size_change change(by);
  if (!compare_exchange(by.map.view.slot(at.slot).value, at.pair(), value.after(at.word)))
    return false;  // (E1)
  change.commit(+1);
  value.published();
  by.count(counter::revived);
  return true;
}

}  // namespace

bool remove_located(writer& by, const location& at) {
  const bool had_block = at.word.state() == entry_state::live_block;
  const platform::pair_value owner =
      had_block ? by.blocks().pair(storage::block_ref{at.payload}) : platform::pair_value{};
  size_change change(by);
  if (!compare_exchange(by.map.view.slot(at.slot).value, at.pair(),
                        {at.word.next(entry_state::nil).bits, 0}))  // (E1)
    return false;
  change.commit(-1);
  retire_value(by, at, owner, false);
  return true;
}

namespace {

/// One attempt at a key that stands as `at` says. False: it moved.
bool apply(writer& by, key_view key, const location& at, update_step step, mutation& operation,
           staged_value& value) {
  if (step == update_step::keep || (step == update_step::remove && !at.live())) return true;
  if (step == update_step::remove) return remove_located(by, at);
  value.stage(operation.desired);
  if (at.live()) return replace(by, at, value);
  if (at.in_state(entry_state::nil)) return revive(by, at, value);
  return insert_absent(by, key, value);
}

void check_sizes(const handle& map, key_view key) {
  const storage::header_constant& constant = map.view.constant;
  if (key.size > storage::max_key_bytes)
    raise(errc::key_too_long, map.name(),
          std::to_string(key.size) + " bytes, the limit is " +
              std::to_string(storage::max_key_bytes));
  if (constant.key_type.size != 0 && key.size != constant.key_type.size)
    raise(errc::type_mismatch, map.name(),
          "a key of " + std::to_string(key.size) + " bytes, keys of this map have " +
              std::to_string(constant.key_type.size));
}

void check_value_size(const handle& map, bytes value) {
  const std::uint32_t size = map.view.constant.value_type.size;
  if (size != 0 && value.size() != size)
    raise(errc::type_mismatch, map.name(),
          "a value of " + std::to_string(value.size()) + " bytes, values of this map have " +
              std::to_string(size));
}

}  // namespace

void mutate(handle& map, key_view key, mutation& operation) {
  check_sizes(map, key);
  writer by = begin_write(map);
  staged_value value(by);
  value_buffer current;
  patience left;
  bool damaged = false;
  do {
    const location at = locate(map, key);
    damaged = false;
    if (operation.wants_value && at.live() && !copy_value(map.view, at.slot, at.pair(), current)) {
      damaged = platform::holds(map.view.slot(at.slot).value.first, at.word.bits);  // (R3)
      continue;
    }
    const update_step step =
        operation.decide(at.live(), operation.wants_value ? current.view() : bytes{});
    if (step == update_step::put) check_value_size(map, operation.desired);
    if (!by.thread.lease.valid()) {
      // An update's function has forked, and this is the child: the lease, and what it owned, are
      // the parent's.
      value.forget();
      by.context = begin_write(map).context;
    }
    if (!apply(by, key, at, step, operation, value)) {
      lookup_counters::add(by.thread.counters.retries);
      continue;
    }
    if (step == update_step::put || (step == update_step::remove && at.live()))
      by.count(operation.counted);
    publish_counters(by);
    // Last, and holding nothing: this may promote.
    const bool missed =
        at.where == found_in::dirty || (at.where == found_in::nowhere && operation.counts_miss);
    if (at.amended && missed) map.note_miss(by.thread.counters);
    return;
  } while (left.once_more(damaged));
  map.raise_corrupted("what a change was to replace leads nowhere, or changed again and again");
}

}  // namespace twinmap::protocol
