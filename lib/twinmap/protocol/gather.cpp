// (E1) of mutate.cpp: the CAS that puts a slot's value elsewhere publishes the copy. It succeeds
// only if the slot is as it was when the value was copied, so what stands after it is what stood
// before.

#include <twinmap/protocol/gather.hpp>

#include <twinmap/protocol/locked.hpp>
#include <twinmap/protocol/slot_copy.hpp>

#include <algorithm>

namespace twinmap::protocol {

using platform::pair_value;
using storage::block_ref;
using storage::chunk_entry;
using storage::chunk_kind;
using storage::entry_state;
using storage::entry_word;
using storage::owner_kind;
using storage::owner_word;

bool gatherer::some(std::size_t slots) {
  if (phase_ == phase::idle) {
    started_ = activity();
    if (started_ == quiet_) return false;
  }
  writer by = begin_care(map_);
  // What this lease holds would hold the chunks; and nothing stays in its hands between two calls.
  by.blocks().flush(by.context);
  if (phase_ == phase::idle) {
    chunk_ = 0;
    notes_.resize(by.blocks().chunks().committed());
    phase_ = phase::counting;
  }
  switch (phase_) {
    case phase::moving:
      move_some(by, slots);
      break;
    case phase::closing:
      close_some(by, slots);
      break;
    default:
      count_some(by, slots);
      break;
  }
  by.blocks().flush(by.context);
  return phase_ != phase::idle;
}

/// A number that changes with every block that is claimed and every key that comes or goes.
std::uint64_t gatherer::activity() const noexcept {
  std::uint64_t sum = 0;
  for (std::uint32_t slot = 0; slot != map_.view.constant.max_writers; ++slot) {
    const storage::lease_page& page = map_.view.lease(slot);
    sum += page.stamps.load(std::memory_order_relaxed) +
           page.transitions.load(std::memory_order_relaxed);
  }
  return sum;
}

std::uint32_t gatherer::used_blocks(std::uint32_t chunk, chunk_entry entry,
                                    bool& leased) const noexcept {
  const segment_view& view = map_.view;
  const std::uint32_t blocks = map_.state().blocks.chunks().pairs_of(chunk, entry);
  std::uint32_t used = 0;
  for (std::uint32_t i = 0; i != blocks; ++i) {
    const auto& pair = view.heap.owners[(std::uint64_t{chunk} << view.heap.pairs_shift) + i];
    const owner_kind kind = owner_word{pair.first.load(std::memory_order_relaxed)}.kind();
    used += kind == owner_kind::free ? 0u : 1u;
    leased = leased || kind == owner_kind::leased;
  }
  return used;
}

void gatherer::count_some(writer& by, std::size_t budget) {
  for (std::size_t steps = 0; steps < budget && chunk_ != notes_.size(); ++chunk_)
    steps += count_chunk(by, chunk_);
  if (chunk_ != notes_.size()) return;
  choose_victims();
  slot_ = 1;
  phase_ = victims_ == 0 ? phase::idle : phase::moving;
  if (victims_ == 0) quiet_ = started_;
}

/// What it cost, where looking at a slot is 1.
std::size_t gatherer::count_chunk(writer& by, std::uint32_t chunk) {
  constexpr std::size_t pairs_per_step = 8;
  storage::chunk_table& chunks = by.blocks().chunks();
  chunk_note& note = notes_[chunk];
  note.victim = false;
  note.used = not_small;
  const chunk_entry entry = chunks.load(chunk);
  const std::uint32_t pairs = chunks.pairs_of(chunk, entry);
  if (entry.kind() != chunk_kind::small || pairs == 0) return 1;
  bool leased = false;
  const std::uint32_t used = used_blocks(chunk, entry, leased);
  if (used == 0 && by.blocks().dissolve(chunk, by.context)) return 1 + pairs;
  note.used = static_cast<std::uint16_t>(used);
  note.leased = leased;
  return 1 + pairs / pairs_per_step;
}

void gatherer::choose_victims() {
  const storage::chunk_table& chunks = map_.state().blocks.chunks();
  std::array<std::vector<std::uint32_t>, storage::class_count> by_class;
  for (std::uint32_t chunk = 0; chunk != notes_.size(); ++chunk) {
    const chunk_entry entry = chunks.load(chunk);
    if (notes_[chunk].used != not_small && entry.kind() == chunk_kind::small &&
        entry.number() < storage::class_count)
      by_class[entry.number()].push_back(chunk);
  }
  victims_ = 0;
  for (std::uint32_t size_class = 0; size_class != storage::class_count; ++size_class)
    choose_victims_of(size_class, by_class[size_class]);
}

/// The emptiest of them, no more than half full, as long as what they hold fits into seven eighths
/// of the room in the rest: writers go on meanwhile. And none where fewer than an eighth of the
/// chunks would be won.
void gatherer::choose_victims_of(std::uint32_t size_class, std::vector<std::uint32_t>& chunks) {
  const std::uint32_t blocks = map_.state().blocks.chunks().blocks_of(size_class);
  std::vector<std::uint32_t>& targets = targets_[size_class];
  targets.clear();
  std::sort(chunks.begin(), chunks.end(),
            [this](std::uint32_t a, std::uint32_t b) { return notes_[a].used < notes_[b].used; });
  std::uint64_t room = 0;
  for (const std::uint32_t chunk : chunks)
    room += blocks - std::min<std::uint32_t>(blocks, notes_[chunk].used);
  std::uint64_t moving = 0;
  std::vector<std::uint32_t> victims;
  for (const std::uint32_t chunk : chunks) {
    const chunk_note& note = notes_[chunk];
    const std::uint64_t rest = room - (blocks - std::min<std::uint32_t>(blocks, note.used));
    if (2 * note.used > blocks || (moving + note.used) * 8 > rest * 7) break;
    // While a writer holds a block of it the chunk cannot become free, whatever is moved.
    if (note.leased || (note.used == note.stuck && note.used != 0)) continue;
    moving += note.used;
    room = rest;
    victims.push_back(chunk);
  }
  if (victims.size() * 8 < chunks.size() || victims.empty()) return;
  for (const std::uint32_t chunk : victims) {
    notes_[chunk].victim = true;
    hide(chunk, size_class);
  }
  victims_ += static_cast<std::uint32_t>(victims.size());
  for (const std::uint32_t chunk : chunks)
    if (!notes_[chunk].victim && notes_[chunk].used < blocks) targets.push_back(chunk);
}

/// No writer should take new blocks of a victim. By the hints alone: one that finds no others may.
void gatherer::hide(std::uint32_t chunk, std::uint32_t size_class) noexcept {
  map_.view.chunk(chunk).free_hint.store(0, std::memory_order_relaxed);
  if (!targets_[size_class].empty())
    map_.view.header->allocation.class_hint[size_class].store(targets_[size_class].back(),
                                                              std::memory_order_relaxed);
}

void gatherer::move_some(writer& by, std::size_t slots) {
  const std::uint64_t used = std::min(
      {std::uint64_t{by.header().locked.slots_used.load(std::memory_order_acquire)},  // (W2)
       map_.view.max_slots, map_.view.resident_slots()});
  for (; slots != 0 && slot_ < used; --slots, ++slot_)
    move_value(by, slot_);
  if (slot_ < used) return;
  chunk_ = 0;
  phase_ = phase::closing;
}

void gatherer::move_value(writer& by, std::uint64_t number) {
  const segment_view& view = map_.view;
  const storage::entry& slot = view.slot(number);
  if (entry_word{slot.value.first.load(std::memory_order_relaxed)}.state() !=
      entry_state::live_block)
    return;
  const pair_value seen = load_pair(slot);
  const block_ref from{seen.second};
  const std::uint32_t chunk = from.owner() >> view.heap.pairs_shift;
  if (entry_word{seen.first}.state() != entry_state::live_block || chunk >= notes_.size() ||
      !notes_[chunk].victim || !copy_value(view, number, seen, value_))
    return;
  const storage::owned_block to = place_for(by, from.length());
  if (!to) return;
  // (B2) of storage/block_allocator.hpp, between the new stamp and these stores.
  platform::release_fence();
  platform::copy_in(view.heap.heap + view.heap.offset(to.ref), value_.view().data(), from.length());
  // Before the CAS: while the slot names the block its pair is the block's.
  const pair_value owner = by.blocks().pair(from);
  const entry_word next = entry_word{seen.first}.next(entry_state::live_block);
  if (!compare_exchange(view.slot(number).value, seen, {next.bits, to.ref.bits}))  // (E1)
    return by.blocks().cancel(to, by.context);
  by.blocks().mark_live(to, by.context);
  by.blocks().retire(from, owner, by.context, false);
  hide(chunk, storage::class_number(view.heap.granules(from.length())));
  moved_ += from.length();
}

/// In the densest chunk that still has room. Empty-valued if none has: then the rest stays.
storage::owned_block gatherer::place_for(writer& by, std::uint32_t length) {
  if (!map_.view.heap.small(length)) return {};
  std::vector<std::uint32_t>& targets =
      targets_[storage::class_number(map_.view.heap.granules(length))];
  while (!targets.empty()) {
    if (const auto found = by.blocks().allocate_in(targets.back(), length, by.context))
      return found;
    targets.pop_back();
  }
  return {};
}

void gatherer::close_some(writer& by, std::size_t budget) {
  for (std::size_t steps = 0; steps < budget && chunk_ != notes_.size(); ++chunk_)
    steps += close_chunk(by, chunk_);
  if (chunk_ == notes_.size()) phase_ = phase::idle;
}

std::size_t gatherer::close_chunk(writer& by, std::uint32_t chunk) {
  const storage::chunk_table& chunks = by.blocks().chunks();
  chunk_note& note = notes_[chunk];
  if (!note.victim) return 1;
  note.victim = false;
  const chunk_entry entry = chunks.load(chunk);
  const std::uint32_t blocks = chunks.pairs_of(chunk, entry);
  if (entry.kind() != chunk_kind::small || by.blocks().dissolve(chunk, by.context))
    return 1 + blocks;
  bool leased = false;
  const std::uint32_t used = used_blocks(chunk, entry, leased);
  note.stuck = leased ? std::uint16_t{0} : static_cast<std::uint16_t>(used);
  // It is like any other again.
  map_.view.chunk(chunk).free_hint.store(
      static_cast<std::uint16_t>(blocks - std::min(blocks, used)), std::memory_order_relaxed);
  return 1 + blocks;
}

}  // namespace twinmap::protocol
