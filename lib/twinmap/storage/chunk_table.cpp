#include <twinmap/storage/chunk_table.hpp>
#include <twinmap/storage/plan.hpp>

#include <algorithm>

namespace twinmap::storage {

namespace {

chunk_entry claimed_by(chunk_entry seen, platform::lease_id me) noexcept {
  return seen.next(chunk_kind::claimed, static_cast<std::uint32_t>(me.incarnation), me.slot);
}

}  // namespace

std::uint32_t chunk_table::pairs_of(std::uint32_t chunk, chunk_entry entry) const noexcept {
  std::uint32_t pairs = 0;
  if (entry.kind() == chunk_kind::run) pairs = 1;
  if (entry.kind() == chunk_kind::small && entry.number() < class_count)
    pairs = blocks_of(entry.number());
  return view_.chunk_ok(chunk) && pairs <= view_.block_pairs(chunk) ? pairs : 0;
}

bool chunk_table::usable(std::uint32_t chunk, search among) const noexcept {
  const chunk_entry entry = load(chunk);
  if (entry.kind() != chunk_kind::free) return false;
  // A look without the check: who has claimed the chunk looks properly.
  const std::uint32_t pairs = view_.chunk(chunk).pairs.load(std::memory_order_relaxed);
  if ((pairs & given_back_bit) != 0)
    return among == search::settled_or_given_back || among == search::all;
  if (among == search::resident || among == search::all || entry.number() == 0) return true;
  const std::uint32_t frees = view_.header->allocation.run_frees.load(std::memory_order_relaxed);
  return ((frees - entry.number()) & 0xFFFFF) >= settle_frees;
}

void chunk_table::count_claimed(std::uint32_t first, std::uint32_t count) noexcept {
  std::uint32_t absent = 0;
  for (std::uint32_t i = 0; i != count; ++i)
    absent += view_.resident(first + i) ? 0u : 1u;
  const auto lower = [](std::atomic<std::uint32_t>& hint, std::uint32_t by) {
    std::uint32_t now = hint.load(std::memory_order_relaxed);
    while (!hint.compare_exchange_weak(now, now - std::min(now, by), std::memory_order_relaxed)) {
    }
  };
  if (absent != count) lower(view_.header->allocation.free_chunks, count - absent);
  if (absent != 0) lower(view_.header->allocation.given_back, absent);
}

bool chunk_table::try_claim(std::uint32_t first, std::uint32_t count,
                            platform::lease_id me) noexcept {
  for (std::uint32_t i = 0; i != count; ++i) {
    const chunk_entry seen = load(first + i);
    if (seen.kind() == chunk_kind::free && exchange(first + i, seen, claimed_by(seen, me)))
      continue;
    count_claimed(first, i);
    release_claimed(first, i);
    return false;
  }
  return true;
}

void chunk_table::release_claimed(std::uint32_t first, std::uint32_t count) noexcept {
  for (std::uint32_t i = 0; i != count; ++i)
    release_one(first + i, load(first + i));
}

std::optional<std::uint32_t> chunk_table::find_and_claim(std::uint32_t count, platform::lease_id me,
                                                         search among) {
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
    length = usable(chunk, among) ? length + 1 : 0;
    if (length < count) continue;
    const std::uint32_t first = chunk + 1 - count;
    length = 0;
    if (!try_claim(first, count, me)) continue;
    cursor.store(chunk + 1, std::memory_order_relaxed);
    count_claimed(first, count);
    if (make_resident(first, count)) return first;
    // No memory for this run, and so for none that is like it.
    release_claimed(first, count);
    return std::nullopt;
  }
  return std::nullopt;
}

void chunk_table::record_pairs(std::uint32_t chunk, std::uint32_t pairs) noexcept {
  chunk_record& record = view_.chunk(chunk);
  record.pairs.store(static_cast<std::uint16_t>(pairs), std::memory_order_relaxed);
  record.pairs_check.store(check_of(view_.seal_seed, sealed::pairs, chunk, pairs),
                           std::memory_order_relaxed);
}

bool chunk_table::make_resident(std::uint32_t first, std::uint32_t count) noexcept {
  for (std::uint32_t i = 0; i != count;) {
    std::uint32_t absent = 0;
    while (i + absent != count && !view_.resident(first + i + absent))
      ++absent;
    const std::uint64_t from = std::uint64_t{first + i} << view_.heap.chunk_shift;
    if (file_.commit(view_.constant.heap.offset + from,
                     std::uint64_t{absent} << view_.heap.chunk_shift))
      return false;
    // (G2) Only now that there is memory.
    for (std::uint32_t k = 0; k != absent; ++k)
      record_pairs(first + i + k, view_.resident_pairs(first + i + k));
    if (absent != 0) view_.header->allocation.tight.store(0, std::memory_order_relaxed);
    i += std::max(absent, 1u);
  }
  return true;
}

std::uint32_t chunk_table::give_back(std::uint32_t first, std::span<const chunk_entry> seen,
                                     platform::lease_id me) noexcept {
  std::uint32_t given = 0;
  for (std::uint32_t i = 0; i < seen.size(); ++i) {
    std::uint32_t count = 0;
    while (i + count != seen.size() && seen[i + count].kind() == chunk_kind::free &&
           exchange(first + i + count, seen[i + count], claimed_by(seen[i + count], me)))
      ++count;
    if (count == 0) continue;
    count_claimed(first + i, count);
    // (G1) Before the memory goes.
    for (std::uint32_t k = 0; k != count; ++k)
      record_pairs(first + i + k, view_.resident_pairs(first + i + k) | given_back_bit);
    const std::uint64_t from = std::uint64_t{first + i} << view_.heap.chunk_shift;
    if (!file_.give_back(view_.constant.heap.offset + from,
                         std::uint64_t{count} << view_.heap.chunk_shift))
      given += count;
    release_claimed(first + i, count);
    i += count;  // and past the one that somebody has taken
  }
  return given;
}

std::uint32_t chunk_table::commit_ahead(std::uint32_t wanted, std::uint32_t allowed,
                                        platform::lease_id me) {
  constexpr std::uint32_t step = 64;  // chunks: no system call takes long
  auto& hints = view_.header->allocation;
  if (hints.free_chunks.load(std::memory_order_relaxed) >= wanted) return 0;
  const std::uint32_t limit = committed();
  std::uint32_t free = 0;
  for (std::uint32_t chunk = 0; chunk != limit; ++chunk)
    free += usable(chunk, search::resident) ? 1u : 0u;
  hints.free_chunks.store(free, std::memory_order_relaxed);
  std::uint32_t left = wanted > free ? std::min(wanted - free, allowed) : 0;
  const std::uint32_t all = left;
  for (std::uint32_t chunk = 0; chunk != limit && left != 0; ++chunk) {
    if (!usable(chunk, search::all) || view_.resident(chunk) || !try_claim(chunk, 1, me)) continue;
    count_claimed(chunk, 1);
    const bool resident = make_resident(chunk, 1);
    release_claimed(chunk, 1);
    if (!resident) return all - left;
    --left;
  }
  while (left != 0) {
    const std::uint32_t more = std::min({left, step, view_.heap.chunks - committed()});
    if (more == 0 || !raise(more, 0)) break;
    left -= more;
  }
  return all - left;
}

bool chunk_table::raise(std::uint32_t count, std::uint32_t most_ahead) {
  auto& published = view_.header->roots.heap_committed;
  std::uint64_t expected = published.load(std::memory_order_acquire);  // (H1)
  const std::uint32_t now = unseal(view_.seal_seed, sealed::chunks, expected);
  if (now == 0 || now > view_.heap.chunks) return false;  // scribbled: nothing to build on
  const std::uint32_t room = view_.heap.chunks - now;
  if (count > room) return false;
  const std::uint32_t ahead = std::min({now / 8, most_ahead, room - count});
  const header_constant& constant = view_.constant;
  // Up to the end of a huge page, where the map has them.
  const auto unit =
      std::max(static_cast<std::uint32_t>(region_unit(constant) >> view_.heap.chunk_shift), 1u);
  const std::uint32_t whole = (now + count + ahead + unit - 1) / unit * unit - now;
  for (const std::uint32_t more : {std::min(whole, room), count}) {
    const std::uint64_t records_end = (std::uint64_t{now} + more) * sizeof(chunk_record);
    const std::uint64_t from = std::uint64_t{now} << view_.heap.chunk_shift;
    const std::uint64_t bytes = std::uint64_t{more} << view_.heap.chunk_shift;
    if (file_.commit(constant.chunk_table.offset, records_end) ||
        file_.commit(constant.heap.offset + from, bytes))
      continue;
    view_.header->allocation.tight.store(0, std::memory_order_relaxed);
    // (H2) Whoever publishes first wins; what the others made resident will be published by the
    // next raise.
    if (published.compare_exchange_strong(expected,
                                          seal(view_.seal_seed, sealed::chunks, now + more)))
      view_.header->allocation.free_chunks.fetch_add(more, std::memory_order_relaxed);
    return true;
  }
  return false;
}

std::optional<std::uint32_t> chunk_table::claim(std::uint32_t count, platform::lease_id me) {
  if (count == 0) return std::nullopt;  // for a table like one of no groups, which is garbage (P6)
  const header_allocation& hints = view_.header->allocation;
  const std::uint32_t free = hints.free_chunks.load(std::memory_order_relaxed);
  const std::uint32_t given_back = hints.given_back.load(std::memory_order_relaxed);
  if (free >= count)
    if (const auto found = find_and_claim(count, me, search::settled)) return found;
  if (given_back != 0 && free + given_back >= count)
    if (const auto found = find_and_claim(count, me, search::settled_or_given_back)) return found;
  // Others may snatch what a raise brings: a few attempts, then whatever there is.
  constexpr std::uint32_t most_ahead = 64;
  for (int attempt = 0; attempt != 8 && raise(count, most_ahead); ++attempt)
    if (const auto found = find_and_claim(count, me, search::settled)) return found;
  if (const auto found = find_and_claim(count, me, search::resident)) return found;
  return find_and_claim(count, me, search::all);
}

void chunk_table::publish_run(std::uint32_t first, std::uint32_t count, chunk_kind kind) noexcept {
  for (std::uint32_t i = count; i-- > 1;) {
    const chunk_entry seen = load(first + i);
    exchange(first + i, seen, seen.next(chunk_kind::tail, i));
  }
  const chunk_entry seen = load(first);
  exchange(first, seen, seen.next(kind, count));
}

bool chunk_table::commit_pairs(std::uint32_t chunk, std::uint32_t pairs) noexcept {
  if (view_.resident_pairs(chunk) >= pairs) return true;
  const std::uint64_t first = std::uint64_t{chunk} << view_.heap.pairs_shift;
  const std::uint64_t from = first * sizeof(platform::atomic_pair);
  const std::uint64_t to = from + pairs * sizeof(platform::atomic_pair);
  for (const std::uint64_t unit : {region_unit(view_.constant), std::uint64_t{1}}) {
    const region range = widened(view_.constant.owners, from, to, unit);
    if (file_.commit(range.offset, range.length)) continue;
    record_pairs(chunk, pairs);
    return true;
  }
  return false;
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
  auto& hints = view_.header->allocation;
  auto& hint = view_.resident(chunk) ? hints.free_chunks : hints.given_back;
  hint.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void chunk_table::release_run(std::uint32_t first, chunk_entry head,
                              platform::lease_id me) noexcept {
  const chunk_entry claimed = claimed_by(head, me);
  if (!exchange(first, head, claimed)) return;
  const std::uint32_t count = std::min(head.number(), view_.heap.chunks - first);
  for (std::uint32_t i = 1; i < count; ++i) {
    const chunk_entry tail = load(first + i);
    if (tail.kind() == chunk_kind::tail && tail.number() == i) release_one(first + i, tail);
  }
  release_one(first, claimed);
}

}  // namespace twinmap::storage
