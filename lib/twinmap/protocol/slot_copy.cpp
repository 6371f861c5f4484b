#include <twinmap/protocol/slot_copy.hpp>

#include <twinmap/protocol/locked.hpp>

namespace twinmap::protocol {

using storage::entry_state;

bool copy_value(const segment_view& view, std::uint64_t slot, platform::pair_value seen,
                value_buffer& out) {
  const storage::entry_word word{seen.first};
  buffer_sink sink{&out};
  if (word.state() == entry_state::live_inline)
    return sink.inlined(seen.second, word.inline_length());
  return read_block(view, view.slot(slot), word, sink) == lookup::found;
}

namespace {

bool copy_key(const segment_view& view, const storage::entry& slot, std::size_t length,
              value_buffer& out) {
  if (length <= view.key_capacity) {
    platform::copy_out(out.resize(length), slot.key_bytes(), length);
    return true;
  }
  const storage::block_ref ref{slot.key.load(std::memory_order_relaxed)};
  if (ref.length() != length || !view.block_ok(ref)) return false;
  platform::copy_out(out.resize(length), view.heap.heap + view.heap.offset(ref), length);
  return true;
}

}  // namespace

copied copy_slot(const segment_view& view, std::uint64_t number, bool with_value, slot_copy& out) {
  const storage::entry& slot = view.slot(number);
  out.pair = load_pair(slot);
  if (out.word().state() == entry_state::free) return copied::yes;
  out.meta = {slot.meta.load(std::memory_order_relaxed)};
  const bool whole =
      copy_key(view, slot, out.meta.key_length(), out.key) &&
      (!with_value || !out.word().live() || copy_value(view, number, out.pair, out.value));
  platform::acquire_fence();  // (R4) of reader.hpp
  if (slot.value.first.load(std::memory_order_relaxed) != out.pair.first) return copied::moved;
  return whole ? copied::yes : copied::damaged;
}

}  // namespace twinmap::protocol
