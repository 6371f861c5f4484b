#pragma once

// Who has which chunk of the heap. Lock-free; any process, at any time.
//
// Invariants
//   1. An entry changes by CAS only, and every change raises its version: an unchanged entry means
//   an unchanged chunk.
//   2. A run or a table is `head, tail, tail, …`: tails are published before the head and freed
//   after it was claimed, so
//      a tail whose head is no run or table (and not claimed by a living lease) is an orphan, for
//      the sweep.
//   3. A small chunk leaves its class only when one lease has claimed every block of it.
//   4. The memory of a free chunk may have gone back to the system. Only who has claimed a chunk
//   gives its memory back or takes it again, and its record says so, under a check: *before* it
//   goes (G1) and *after* it has come (G2). So whoever dies in between leaves a chunk that seems to
//   be without memory, and the next one commits it before use: no_space, never SIGBUS (P7).
//
// Ordered accesses:
//   (C1) acquire load of an entry: with (C2)
//   (C2) the CAS that published it: with (C1): the pairs of the chunk's blocks are resident, the
//        record says how many, and whether the chunk itself is
//   (G1) the relaxed stores to the record before the memory goes: with (G2)
//   (G2) the same after it has come: with (G1); what keeps them apart is the system call between
//   (H1) acquire load of heap_committed: with (H2)
//   (H2) the CAS that raised it: with (H1) and (V1) of view.hpp

#include <twinmap/platform/segment_file.hpp>
#include <twinmap/storage/view.hpp>

#include <optional>
#include <span>

namespace twinmap::storage {

/// Per process; a pair of references.
class chunk_table {
 public:
  chunk_table(const segment_view& view, platform::segment_file& file) noexcept
      : view_(view), file_(file) {}

  /// Claims `count` neighbouring free chunks, all resident: first such as have been free for a
  /// while (at least `settle_frees` frees of chunks: a reader may still be copying a fresh one, and
  /// would have to start again), then some whose memory was given back and has to come again, then
  /// new ones, then any. Empty if there is no memory.
  [[nodiscard]] std::optional<std::uint32_t> claim(std::uint32_t count, platform::lease_id me);

  /// Claimed chunks become one block or one table. Tails first.
  void publish_run(std::uint32_t first, std::uint32_t count, chunk_kind kind) noexcept;
  /// A claimed chunk becomes blocks of a class, once their pairs are resident. False if there is no
  /// memory for those.
  [[nodiscard]] bool publish_small(std::uint32_t first, std::uint32_t size_class);

  /// A run or table becomes free chunks, if its head's entry still is `head`.
  void release_run(std::uint32_t first, chunk_entry head, platform::lease_id me) noexcept;
  /// One claimed, or orphaned, chunk becomes free if its entry still is `seen`.
  bool release_one(std::uint32_t chunk, chunk_entry seen) noexcept;

  /// Gives the memory of neighbouring chunks back, of those that are free and have the very entries
  /// that were `seen`. Their number. Progress: lock-free, a system call for each row of them.
  std::uint32_t give_back(std::uint32_t first, std::span<const chunk_entry> seen,
                          platform::lease_id me) noexcept;
  /// Makes resident what is missing to `wanted` free chunks, at most `allowed`. How many came. As
  /// claims do: first what was given back, then new ones.
  std::uint32_t commit_ahead(std::uint32_t wanted, std::uint32_t allowed, platform::lease_id me);

  /// A number that leads nowhere, in a scribbled root say, is a free chunk that cannot be had (P6).
  [[nodiscard]] chunk_entry load(std::uint32_t chunk) const noexcept {
    if (!view_.chunk_ok(chunk)) return {0};
    return {view_.chunk(chunk).entry.load(std::memory_order_acquire)};  // (C1)
  }
  bool exchange(std::uint32_t chunk, chunk_entry seen, chunk_entry desired) noexcept {
    return view_.chunk_ok(chunk) &&
           view_.chunk(chunk).entry.compare_exchange_strong(seen.bits, desired.bits);  // (C2)
  }
  /// Chunks that are resident, whatever the segment says (P6), by (V1) of view.hpp.
  [[nodiscard]] std::uint32_t committed() const noexcept { return view_.resident_chunks(); }
  /// Makes the first `pairs` owner pairs of a chunk that the caller has claimed resident. False if
  /// there is no memory.
  [[nodiscard]] bool commit_pairs(std::uint32_t chunk, std::uint32_t pairs) noexcept;
  /// Owner pairs that the blocks of a chunk have by its entry; none if it is no chunk of blocks, or
  /// if they are not resident, which only a scribbled record can say (P6).
  [[nodiscard]] std::uint32_t pairs_of(std::uint32_t chunk, chunk_entry entry) const noexcept;
  /// Blocks of a class in one chunk.
  [[nodiscard]] std::uint32_t blocks_of(std::uint32_t size_class) const noexcept {
    return static_cast<std::uint32_t>(view_.heap.chunk_bytes() /
                                      (granules_of_class(size_class) << view_.heap.granule_shift));
  }
  /// Gives back what `claim` gave.
  void release_claimed(std::uint32_t first, std::uint32_t count) noexcept;

 private:
  static constexpr std::uint32_t settle_frees = 8;
  /// Which free chunks a search takes; settled ones are resident too.
  enum class search : std::uint8_t { settled, settled_or_given_back, resident, all };

  [[nodiscard]] std::optional<std::uint32_t> find_and_claim(std::uint32_t count,
                                                            platform::lease_id me, search among);
  [[nodiscard]] bool usable(std::uint32_t chunk, search among) const noexcept;
  [[nodiscard]] bool try_claim(std::uint32_t first, std::uint32_t count,
                               platform::lease_id me) noexcept;
  void count_claimed(std::uint32_t first, std::uint32_t count) noexcept;
  /// Of claimed chunks. False if there is no memory; they then are as they were.
  [[nodiscard]] bool make_resident(std::uint32_t first, std::uint32_t count) noexcept;
  void record_pairs(std::uint32_t chunk, std::uint32_t pairs) noexcept;
  /// Makes at least `count` more chunks resident. False if the heap or the file system is full.
  [[nodiscard]] bool raise(std::uint32_t count, std::uint32_t most_ahead);

  const segment_view& view_;
  platform::segment_file& file_;
};

}  // namespace twinmap::storage
