#include <twinmap/platform/swap_pair.hpp>
#include <twinmap/storage/block_allocator.hpp>

#include <algorithm>

namespace twinmap::storage {

using platform::compare_exchange_inlined;
using platform::pair_value;

std::uint64_t block_allocator::draw_stamp(const allocation_context& by) noexcept {
  // Only the lease's holder writes the counter; it is raised before the stamp is used, so a killed
  // holder wastes one.
  const std::uint64_t drawn = by.page->stamps.load(std::memory_order_relaxed) + 1;
  by.page->stamps.store(drawn, std::memory_order_relaxed);
  return make_stamp(by.me.slot, drawn);
}

pair_value load_owner(const platform::atomic_pair& pair) noexcept {
  constexpr std::uint32_t attempts =
      1u << 20;  // R6; what is read last then fails the CAS it is meant for
  pair_value seen{};
  for (std::uint32_t attempt = 0; attempt != attempts; ++attempt) {
    // A stamp never repeats: what was read between two looks at the same one belongs to it.
    seen.second = pair.second.load(std::memory_order_acquire);  // (A3)
    seen.first = pair.first.load(std::memory_order_acquire);    // (A3)
    if (pair.second.load(std::memory_order_relaxed) == seen.second) break;
  }
  return seen;
}

pair_value block_allocator::pair(block_ref ref) const noexcept {
  if (!view_.block_ok(ref)) return {owner_word::free().bits, 0};
  return load_owner(view_.heap.owners[ref.owner()]);
}

owned_block block_allocator::allocate(std::uint32_t length, const allocation_context& by) {
  const block_size size = view_.heap.size_of(length);
  if (!size.small()) return allocate_run(length, by);
  if (tight()) flush(by);
  return allocate_small(length, size.size_class, by);
}

owned_block block_allocator::allocate_small(std::uint32_t length, std::uint32_t size_class,
                                            const allocation_context& by) {
  private_stacks::stack& stack = by.stacks->classes[size_class];
  const bool settled = stack.freed_count >= private_stacks::settle;
  if (stack.fresh_count == 0 && settled) return take_freed(length, stack, by);
  if (stack.fresh_count != 0 || refill(size_class, stack, by, false) ||
      carve(size_class, stack, by) || refill(size_class, stack, by, true)) {
    const std::uint32_t owner = stack.fresh[--stack.fresh_count];
    return {block_ref::make(owner, length),
            view_.heap.owners[owner].second.load(std::memory_order_relaxed)};
  }
  return stack.freed_count != 0 ? take_freed(length, stack, by) : owned_block{};
}

owned_block block_allocator::allocate_in(std::uint32_t chunk, std::uint32_t length,
                                         const allocation_context& by) {
  const std::uint32_t size_class = view_.heap.size_of(length).size_class;
  private_stacks::stack& stack = by.stacks->classes[size_class];
  if (stack.fresh_count == 0 && !refill_from(chunk, size_class, stack, by)) return {};
  const std::uint32_t owner = stack.fresh[--stack.fresh_count];
  return {block_ref::make(owner, length),
          view_.heap.owners[owner].second.load(std::memory_order_relaxed)};
}

owned_block block_allocator::take_freed(std::uint32_t length, private_stacks::stack& stack,
                                        const allocation_context& by) {
  const std::uint32_t owner = stack.freed[stack.freed_first];
  stack.freed_first = (stack.freed_first + 1) % private_stacks::depth;
  --stack.freed_count;
  const std::uint64_t mine = owner_word::leased(by.me).bits;
  const std::uint64_t stamp = draw_stamp(by);
  platform::atomic_pair& pair = view_.heap.owners[owner];
  const pair_value seen{mine, pair.second.load(std::memory_order_relaxed)};
  if (!compare_exchange_inlined(pair, seen, {mine, stamp}))
    return {};  // (B1); fails only on a scribbled pair
  return {block_ref::make(owner, length), stamp};
}

bool block_allocator::refill_from(std::uint32_t chunk, std::uint32_t size_class,
                                  private_stacks::stack& stack, const allocation_context& by) {
  const chunk_entry entry = chunks_.load(chunk);
  if (entry.kind() != chunk_kind::small || entry.number() != size_class) return false;
  const std::uint32_t blocks = chunks_.pairs_of(chunk, entry);
  const std::uint64_t block_bytes = granules_of_class(size_class) << view_.heap.granule_shift;
  const auto wanted =
      tight() ? 1u
              : std::clamp<std::uint32_t>(static_cast<std::uint32_t>(4096 / block_bytes), 1,
                                          private_stacks::depth);
  const std::uint32_t base = chunk << view_.heap.pairs_shift;
  const std::uint64_t mine = owner_word::leased(by.me).bits;
  for (std::uint32_t i = 0; i != blocks && stack.fresh_count < wanted; ++i) {
    platform::atomic_pair& pair = view_.heap.owners[base + i];
    const pair_value seen{pair.first.load(std::memory_order_relaxed),
                          pair.second.load(std::memory_order_relaxed)};
    if (owner_word{seen.first}.kind() != owner_kind::free) continue;
    if (!compare_exchange(pair, seen, {mine, draw_stamp(by)})) continue;  // (B1)
    if (chunks_.load(chunk) != entry) {
      // (B4) The chunk left its class before the claim: the block is no block any more.
      compare_exchange(pair, {mine, pair.second.load(std::memory_order_relaxed)},
                       {owner_word::free().bits, pair.second.load(std::memory_order_relaxed)});
      break;
    }
    stack.fresh[stack.fresh_count++] = base + i;
  }
  auto& hint = view_.chunk(chunk).free_hint;
  const std::uint32_t free = hint.load(std::memory_order_relaxed);
  const std::uint32_t left = stack.fresh_count == 0 ? 0 : free - std::min(free, stack.fresh_count);
  hint.store(static_cast<std::uint16_t>(left), std::memory_order_relaxed);
  return stack.fresh_count != 0;
}

bool block_allocator::refill(std::uint32_t size_class, private_stacks::stack& stack,
                             const allocation_context& by, bool thorough) {
  constexpr std::uint32_t glance = 64;  // chunks looked at before a new one is taken instead
  const std::uint32_t limit = chunks_.committed();
  if (limit == 0) return false;
  auto& hint = view_.header->allocation.class_hint[size_class];
  const std::uint32_t start = hint.load(std::memory_order_relaxed) % limit;
  const std::uint32_t steps = thorough ? limit : std::min(limit, glance);
  for (std::uint32_t step = 0; step != steps; ++step) {
    const std::uint32_t chunk = (start + step) % limit;
    if (!thorough && view_.chunk(chunk).free_hint.load(std::memory_order_relaxed) == 0) continue;
    if (!refill_from(chunk, size_class, stack, by)) continue;
    hint.store(chunk, std::memory_order_relaxed);
    return true;
  }
  hint.store((start + steps) % limit, std::memory_order_relaxed);
  return false;
}

bool block_allocator::carve(std::uint32_t size_class, private_stacks::stack& stack,
                            const allocation_context& by) {
  const auto chunk = chunks_.claim(1, by.me);
  if (!chunk) return false;
  if (!chunks_.publish_small(*chunk, size_class)) {
    chunks_.release_one(*chunk, chunks_.load(*chunk));
    return false;
  }
  if (!refill_from(*chunk, size_class, stack, by)) return false;
  view_.header->allocation.class_hint[size_class].store(*chunk, std::memory_order_relaxed);
  return true;
}

owned_block block_allocator::allocate_run(std::uint32_t length, const allocation_context& by) {
  const std::uint64_t bytes = view_.heap.block_bytes(length);
  const auto count = static_cast<std::uint32_t>(bytes >> view_.heap.chunk_shift);
  for (int attempt = 0; attempt != 8; ++attempt) {
    const auto first = chunks_.claim(count, by.me);
    if (!first) return {};
    const std::uint32_t owner = *first << view_.heap.pairs_shift;
    platform::atomic_pair& pair = view_.heap.owners[owner];
    const std::uint64_t stamp = draw_stamp(by);
    const bool resident = chunks_.commit_pairs(*first, 1);
    // A slow claimer of a small block may hold the pair for an instant, or dead: then another run
    // will do.
    if (resident &&
        compare_exchange(
            pair, {owner_word::free().bits, pair.second.load(std::memory_order_relaxed)},  // (B1)
            {owner_word::leased(by.me).bits, stamp})) {
      chunks_.publish_run(*first, count, chunk_kind::run);
      return {block_ref::make(owner, length), stamp};
    }
    for (std::uint32_t i = 0; i != count; ++i)
      chunks_.release_one(*first + i, chunks_.load(*first + i));
    if (!resident) return {};
  }
  return {};
}

void block_allocator::mark_live(owned_block block, const allocation_context& by) noexcept {
  compare_exchange_inlined(view_.heap.owners[block.ref.owner()],  // (B3)
                           {owner_word::leased(by.me).bits, block.stamp},
                           {owner_word::live().bits, block.stamp});
}

void block_allocator::release(std::uint32_t owner, const allocation_context& by) noexcept {
  const std::uint32_t chunk = owner >> view_.heap.pairs_shift;
  const chunk_entry entry = chunks_.load(chunk);
  platform::atomic_pair& pair = view_.heap.owners[owner];
  const std::uint64_t stamp = pair.second.load(std::memory_order_relaxed);
  if (!compare_exchange(pair, {owner_word::leased(by.me).bits, stamp},
                        {owner_word::free().bits, stamp}))  // (B4)
    return;
  if (entry.kind() != chunk_kind::small || entry.number() >= class_count) return;
  view_.chunk(chunk).free_hint.fetch_add(1, std::memory_order_relaxed);
  view_.header->allocation.class_hint[entry.number()].store(chunk, std::memory_order_relaxed);
}

void block_allocator::release_run(std::uint32_t owner, const allocation_context& by) noexcept {
  const std::uint32_t chunk = owner >> view_.heap.pairs_shift;
  const chunk_entry head = chunks_.load(chunk);
  platform::atomic_pair& pair = view_.heap.owners[owner];
  const std::uint64_t stamp = pair.second.load(std::memory_order_relaxed);
  // (B4) A new stamp: the chunks may become part of a run whose pair is another one, and a reader
  // who is still copying looks at this one (rule R5). And the pair becomes free before the chunks
  // do: a run with a free pair is on its way out.
  if (!compare_exchange(pair, {owner_word::leased(by.me).bits, stamp},
                        {owner_word::free().bits, draw_stamp(by)}))
    return;
  if (head.kind() == chunk_kind::run) chunks_.release_run(chunk, head, by.me);
}

bool block_allocator::free_unnamed(std::uint32_t owner, pair_value seen,
                                   const allocation_context& by) noexcept {
  const pair_value mine{owner_word::leased(by.me).bits, seen.second};
  if (!compare_exchange(view_.heap.owners[owner], seen, mine)) return false;  // (B3)
  if (chunks_.load(owner >> view_.heap.pairs_shift).kind() == chunk_kind::run)
    release_run(owner, by);
  else
    release(owner, by);
  return true;
}

void block_allocator::cancel(owned_block block, const allocation_context& by) noexcept {
  const block_size size = view_.heap.size_of(block.ref.length());
  if (!size.small()) return release_run(block.ref.owner(), by);
  private_stacks::stack& stack = by.stacks->classes[size.size_class];
  if (stack.fresh_count == private_stacks::depth || tight()) return release(block.ref.owner(), by);
  stack.fresh[stack.fresh_count++] = block.ref.owner();
}

void block_allocator::retire(block_ref ref, pair_value seen, const allocation_context& by,
                             bool hoard) noexcept {
  // `pair` says free of a block that may not be followed. One that it followed has a pair for ever.
  if (owner_word{seen.first}.kind() == owner_kind::free) return;
  platform::atomic_pair& pair = view_.heap.owners[ref.owner()];
  const pair_value mine{owner_word::leased(by.me).bits, seen.second};
  // (B3) The publisher may be moving the pair from its lease to live just now, or a sweep may: the
  // stamp stays.
  if (!compare_exchange_inlined(pair, seen, mine) &&
      !compare_exchange_inlined(pair, {owner_word::live().bits, seen.second}, mine))
    return;
  const block_size size = view_.heap.size_of(ref.length());
  if (!size.small()) return release_run(ref.owner(), by);
  if (!hoard || tight()) return release(ref.owner(), by);
  private_stacks::stack& stack = by.stacks->classes[size.size_class];
  if (stack.freed_count == private_stacks::depth) {
    release(stack.freed[stack.freed_first], by);
    stack.freed_first = (stack.freed_first + 1) % private_stacks::depth;
    --stack.freed_count;
  }
  stack.freed[(stack.freed_first + stack.freed_count++) % private_stacks::depth] = ref.owner();
}

void block_allocator::flush(const allocation_context& by) noexcept {
  for (private_stacks::stack& stack : by.stacks->classes) {
    while (stack.fresh_count != 0)
      release(stack.fresh[--stack.fresh_count], by);
    for (; stack.freed_count != 0; --stack.freed_count) {
      release(stack.freed[stack.freed_first], by);
      stack.freed_first = (stack.freed_first + 1) % private_stacks::depth;
    }
  }
}

bool block_allocator::settle(std::uint32_t owner, pair_value seen, owner_word to) noexcept {
  return compare_exchange(view_.heap.owners[owner], seen, {to.bits, seen.second});  // (B3), (B4)
}

bool block_allocator::dissolve(std::uint32_t chunk, const allocation_context& by) noexcept {
  const chunk_entry entry = chunks_.load(chunk);
  const std::uint32_t blocks = chunks_.pairs_of(chunk, entry);
  if (entry.kind() != chunk_kind::small || blocks == 0) return false;
  const std::uint32_t base = chunk << view_.heap.pairs_shift;
  const std::uint64_t mine = owner_word::leased(by.me).bits;
  std::uint32_t claimed = 0;
  for (; claimed != blocks; ++claimed) {
    platform::atomic_pair& pair = view_.heap.owners[base + claimed];
    const pair_value seen{owner_word::free().bits, pair.second.load(std::memory_order_relaxed)};
    if (!compare_exchange(pair, seen, {mine, draw_stamp(by)})) break;  // (B1)
  }
  const chunk_entry going =
      entry.next(chunk_kind::claimed, static_cast<std::uint32_t>(by.me.incarnation), by.me.slot);
  const bool all = claimed == blocks && chunks_.exchange(chunk, entry, going);  // (C2)
  for (std::uint32_t i = 0; i != claimed; ++i) {
    platform::atomic_pair& pair = view_.heap.owners[base + i];
    const std::uint64_t stamp = pair.second.load(std::memory_order_relaxed);
    compare_exchange(pair, {mine, stamp}, {owner_word::free().bits, stamp});  // (B4)
  }
  return all && chunks_.release_one(chunk, going);
}

}  // namespace twinmap::storage
