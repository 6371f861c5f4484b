// Walks over all slots: for_each, clear, and the listing of slots. Constant memory; birth numbers
// tell what was there when the walk began.

#include <twinmap/protocol/admin.hpp>
#include <twinmap/protocol/locked.hpp>
#include <twinmap/protocol/mutation.hpp>
#include <twinmap/protocol/slot_copy.hpp>
#include <twinmap/protocol/walk.hpp>
#include <twinmap/storage/table_words.hpp>

#include <algorithm>

namespace twinmap::protocol {

using storage::entry_state;
using storage::entry_word;

namespace {

/// Slots handed out so far, never more than can be followed.
std::uint64_t slots_in_use(const segment_view& view) noexcept {
  const std::uint64_t used =
      view.header->locked.slots_used.load(std::memory_order_acquire);  // (W2)
  return std::min({used, view.max_slots, view.resident_slots()});
}

/// Number of the first slot from `number` on that is live, or `end`; all below that are resident.
/// Four at a time: a walk over few keys among many slots is a walk over absent ones.
std::uint64_t next_live(const segment_view& view, std::uint64_t number,
                        std::uint64_t end) noexcept {
  const std::size_t stride = std::size_t{1} << view.slot_shift;
  const auto* at = reinterpret_cast<const std::byte*>(&view.slot(number));
  const auto word = [&at, stride](std::size_t i) {
    const auto* slot = reinterpret_cast<const storage::entry*>(at + i * stride);
    return entry_word{slot->value.first.load(std::memory_order_seq_cst)};  // (R3) of reader.hpp
  };
  constexpr std::uint64_t at_once = 4;
  for (; number + at_once <= end; number += at_once, at += at_once * stride)
    if (entry_word::any_live({word(0), word(1), word(2), word(3)})) break;
  for (; number < end && !word(0).live(); ++number)
    at += stride;
  return number;
}

/// Copies a slot until it holds still; false if it never does within the bounds of R6, or leads
/// nowhere.
bool copy_still(const handle& map, std::uint64_t number, bool with_value, slot_copy& out) {
  patience left;
  copied result = copied::moved;
  do {
    result = copy_slot(map.view, number, with_value, out);
    if (result == copied::yes) return true;
  } while (left.once_more(result == copied::damaged));
  return false;
}

/// Which of the slots below a number each table names, by one walk over it. A search for each slot
/// would be a walk over all of it where garbage has left no empty word.
class table_marks {
 public:
  table_marks(const segment_view& view, std::uint64_t slots) : places_(slots) {
    mark(view, {view.roots->read.load(std::memory_order_acquire)}, slot_place::read);    // (W1)
    mark(view, {view.roots->dirty.load(std::memory_order_acquire)}, slot_place::dirty);  // (W1)
  }
  [[nodiscard]] slot_place of(std::uint64_t slot) const {
    return static_cast<slot_place>(places_[slot]);
  }

 private:
  void mark(const segment_view& view, storage::root_word root, slot_place as) {
    if (!view.table_ok(root)) return;
    const std::byte* group = view.heap.heap + root.offset();
    for (std::uint64_t left = root.groups(); left != 0; --left, group += storage::group_bytes)
      if (root.wide())
        mark_group<storage::wide_group>(group, as);
      else
        mark_group<storage::narrow_group>(group, as);
  }
  template <class Group>
  void mark_group(const std::byte* group, slot_place as) {
    storage::for_words_in<Group>(group, [&](unsigned, storage::index_word word) {
      if (word.slot < places_.size()) places_[word.slot] |= static_cast<std::uint8_t>(as);
    });
  }
  std::vector<std::uint8_t> places_;  ///< slot_place
};

}  // namespace

handle::range_of_walk handle::walk_range() const noexcept {
  const std::uint64_t births = view.header->locked.births.load(std::memory_order_seq_cst);  // (W3)
  return {births, slots_in_use(view)};
}

key_walk::key_walk(const handle& map) noexcept : map_(map), range_(map.walk_range()) {}

bool key_walk::next(slot_copy& copy) {
  const segment_view& view = map_.view;
  while (number_ < range_.slots) {
    const std::uint64_t number = number_++;
    if (!entry_word{view.slot(number).value.first.load(std::memory_order_seq_cst)}.live())  // (R3)
      continue;
    if (!copy_still(map_, number, true, copy))
      map_.raise_corrupted("a slot leads nowhere, or moved in each of 2^20 attempts to copy it");
    if (copy.word().live() && copy.meta.birth() < range_.births) return true;
  }
  return false;
}

void handle::for_each(const std::function<bool(bytes, bytes)>& f) const {
  key_walk walk(*this);
  slot_copy copy;
  while (walk.next(copy))
    if (!f(copy.key.view(), copy.value.view())) return;
}

void handle::clear() {
  writer by = begin_write(*this);
  const auto [births, used] = walk_range();
  for (std::uint64_t number = next_live(view, 1, used); number < used;
       number = next_live(view, number + 1, used)) {
    const storage::entry& slot = view.slot(number);
    for (std::uint32_t attempt = 0; attempt != max_retries; ++attempt) {
      const platform::pair_value seen = load_pair(slot);
      if (!entry_word{seen.first}.live()) break;
      const storage::entry_meta meta{slot.meta.load(std::memory_order_relaxed)};
      platform::acquire_fence();  // (R4) of reader.hpp
      if (slot.value.first.load(std::memory_order_relaxed) != seen.first) continue;
      if (meta.birth() >= births) break;
      location at;
      at.where = found_in::read;
      at.slot = number;
      at.word = {seen.first};
      at.payload = seen.second;
      if (remove_located(by, at)) break;
    }
  }
  by.count(storage::counter::erases);
  publish_counters(by);
}

void for_each_slot(const handle& map, const std::function<bool(const slot_info&)>& f) {
  const segment_view& view = map.view;
  const std::uint64_t used = slots_in_use(view);
  const table_marks marks(view, used);
  slot_copy copy;
  slot_info info;
  for (std::uint64_t number = 1; number < used; ++number) {
    if (!copy_still(map, number, true, copy)) continue;
    info.number = number;
    info.state = copy.word().state();
    info.version = copy.word().version();
    info.birth = info.state == entry_state::free ? 0 : copy.meta.birth();
    info.place = marks.of(number);
    const bytes key = info.state == entry_state::free ? bytes{} : copy.key.view();
    const bytes value = copy.word().live() ? copy.value.view() : bytes{};
    info.key.assign(key.begin(), key.end());
    info.value.assign(value.begin(), value.end());
    if (!f(info)) return;
  }
}

}  // namespace twinmap::protocol
