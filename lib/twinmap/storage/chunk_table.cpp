#include <twinmap/storage/chunk_table.hpp>

#include <algorithm>

namespace twinmap::storage {

std::uint32_t chunk_table::pairs_of(std::uint32_t chunk, chunk_entry entry) const noexcept {
  std::uint32_t pairs = 0;
  if (entry.kind() == chunk_kind::run) pairs = 1;
  if (entry.kind() == chunk_kind::small && entry.number() < class_count)
    pairs = blocks_of(entry.number());
  return view_.chunk_ok(chunk) && pairs <= view_.resident_pairs(chunk) ? pairs : 0;
}

bool chunk_table::usable(std::uint32_t chunk, bool settled) const noexcept {
  const chunk_entry entry = load(chunk);
  if (entry.kind() != chunk_kind::free) return false;
  if (!settled || entry.number() == 0) return true;
  const std::uint32_t frees = view_.header->allocation.run_frees.load(std::memory_order_relaxed);
  return ((frees - entry.number()) & 0xFFFFF) >= settle_frees;
}

bool chunk_table::try_claim(std::uint32_t first, std::uint32_t count,
                            platform::lease_id me) noexcept {
  for (std::uint32_t i = 0; i != count; ++i) {
    const chunk_entry seen = load(first + i);
    const chunk_entry mine =
        seen.next(chunk_kind::claimed, static_cast<std::uint32_t>(me.incarnation), me.slot);
    if (seen.kind() == chunk_kind::free && exchange(first + i, seen, mine)) continue;
    while (i-- != 0)
      release_one(first + i, load(first + i));
    return false;
  }
  return true;
}

std::optional<std::uint32_t> chunk_table::find_and_claim(std::uint32_t count, platform::lease_id me,
                                                         bool settled) {
  const std::uint32_t limit = committed();
  if (count > limit) return std::nullopt;
  auto& cursor = view_.header->allocation.run_cursor;
  const std::uint32_t start = cursor.load(std::memory_order_relaxed) % limit;
  std::uint32_t length = 0;
  // Once around, and on by a run's length so that one across the start is found; a run does not
  // wrap.
  for (std::uint32_t step = 0; step != limit + count; ++step) {
    const std::uint32_t chunk = (start + step) % limit;
    if (chunk == 0) length = 0;
    length = usable(chunk, settled) ? length + 1 : 0;
    if (length < count) continue;
    const std::uint32_t first = chunk + 1 - count;
    if (try_claim(first, count, me)) {
      cursor.store(chunk + 1, std::memory_order_relaxed);
      auto& free_chunks = view_.header->allocation.free_chunks;
      const std::uint32_t free = free_chunks.load(std::memory_order_relaxed);
      free_chunks.store(free - std::min(free, count), std::memory_order_relaxed);
      return first;
    }
    length = 0;
  }
  return std::nullopt;
}

bool chunk_table::raise(std::uint32_t count) {
  auto& published = view_.header->roots.heap_committed;
  std::uint64_t expected = published.load(std::memory_order_acquire);  // (H1)
  const std::uint32_t now = unseal(view_.seal_seed, sealed::chunks, expected);
  if (now == 0 || now > view_.heap.chunks) return false;  // scribbled: nothing to build on
  const std::uint32_t room = view_.heap.chunks - now;
  if (count > room) return false;
  const std::uint32_t ahead = std::min({now / 8, std::uint32_t{64}, room - count});
  const header_constant& constant = view_.constant;
  for (const std::uint32_t more : {count + ahead, count}) {
    const std::uint64_t records_end = (std::uint64_t{now} + more) * sizeof(chunk_record);
    const std::uint64_t from = std::uint64_t{now} << view_.heap.chunk_shift;
    const std::uint64_t bytes = std::uint64_t{more} << view_.heap.chunk_shift;
    if (file_.commit(constant.chunk_table.offset, records_end) ||
        file_.commit(constant.heap.offset + from, bytes))
      continue;
    // (H2) Whoever publishes first wins; what the others made resident will be published by the
    // next raise.
    view_.header->allocation.tight.store(0, std::memory_order_relaxed);
    if (published.compare_exchange_strong(expected,
                                          seal(view_.seal_seed, sealed::chunks, now + more)))
      view_.header->allocation.free_chunks.fetch_add(more, std::memory_order_relaxed);
    return true;
  }
  return false;
}

std::optional<std::uint32_t> chunk_table::claim(std::uint32_t count, platform::lease_id me) {
  if (view_.header->allocation.free_chunks.load(std::memory_order_relaxed) >= count)
    if (const auto found = find_and_claim(count, me, true)) return found;
  // Others may snatch what a raise brings: a few attempts, then whatever there is.
  for (int attempt = 0; attempt != 8 && raise(count); ++attempt)
    if (const auto found = find_and_claim(count, me, true)) return found;
  return find_and_claim(count, me, false);
}

void chunk_table::publish_run(std::uint32_t first, std::uint32_t count, chunk_kind kind) noexcept {
  for (std::uint32_t i = count; i-- != 1;) {
    const chunk_entry seen = load(first + i);
    exchange(first + i, seen, seen.next(chunk_kind::tail, i));
  }
  const chunk_entry seen = load(first);
  exchange(first, seen, seen.next(kind, count));
}

bool chunk_table::commit_pairs(std::uint32_t chunk, std::uint32_t pairs) noexcept {
  if (view_.resident_pairs(chunk) >= pairs) return true;
  const std::uint64_t first = std::uint64_t{chunk} << view_.heap.pairs_shift;
  if (file_.commit(view_.constant.owners.offset + first * sizeof(platform::atomic_pair),
                   pairs * sizeof(platform::atomic_pair)))
    return false;
  chunk_record& record = view_.chunk(chunk);
  record.pairs.store(static_cast<std::uint16_t>(pairs), std::memory_order_relaxed);
  record.pairs_check.store(check_of(view_.seal_seed, sealed::pairs, chunk, pairs),
                           std::memory_order_relaxed);
  return true;
}

bool chunk_table::publish_small(std::uint32_t first, std::uint32_t size_class) {
  const std::uint32_t blocks = blocks_of(size_class);
  if (!commit_pairs(first, blocks)) return false;
  view_.chunk(first).free_hint.store(static_cast<std::uint16_t>(blocks), std::memory_order_relaxed);
  const chunk_entry seen = load(first);
  return exchange(first, seen, seen.next(chunk_kind::small, size_class));
}

bool chunk_table::release_one(std::uint32_t chunk, chunk_entry seen) noexcept {
  const std::uint32_t frees =
      view_.header->allocation.run_frees.fetch_add(1, std::memory_order_relaxed) + 1;
  // Age 0 stands for "never used".
  if (!exchange(chunk, seen, seen.next(chunk_kind::free, (frees & 0xFFFFF) == 0 ? 1 : frees)))
    return false;
  view_.header->allocation.free_chunks.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void chunk_table::release_run(std::uint32_t first, chunk_entry head,
                              platform::lease_id me) noexcept {
  if (first >= view_.heap.chunks) return;
  const std::uint32_t count = std::min(head.number(), view_.heap.chunks - first);
  const chunk_entry claimed =
      head.next(chunk_kind::claimed, static_cast<std::uint32_t>(me.incarnation), me.slot);
  if (!exchange(first, head, claimed)) return;
  for (std::uint32_t i = 1; i < count; ++i) {
    const chunk_entry tail = load(first + i);
    if (tail.kind() == chunk_kind::tail && tail.number() == i) release_one(first + i, tail);
  }
  release_one(first, claimed);
}

}  // namespace twinmap::storage
