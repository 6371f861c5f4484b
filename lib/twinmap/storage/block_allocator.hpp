#pragma once

// Memory for values and long keys. Lock-free (P3): private stacks, then a free block of the class,
// then a chunk.
//
// Ownership. Every block has a pair {owner, stamp} that moves by 16-byte CAS only:
//
//     free, s ── claim ──> leased(me), new stamp ── publish ──> live, same stamp
//        ^                        ^  |                             |
//        └──────── release ───────┘  └───────── take over <────────┘     (by the one whose slot CAS
//        removed the block)
//
// A stamp is {lease slot, that slot's own counter} and never repeats, so an owner pair that was
// read before is a proof: a sweep, or a slow replacer, that finds it changed has nothing to free (⚑
// of the design: an owner word alone is ABA).
//
// Ordered accesses:
//   (A3) acquire loads of a pair's stamp and owner, then a relaxed one of the stamp: with (A1) of
//        platform/atomic.hpp: the two belong together
//   (B1) the CAS that claims a block, under a new stamp: with (R4) and (R5) of protocol/reader.hpp
//        and with (B4): whoever still reads what was there will see it
//   (B2) release fence between the new stamp and the first store into the block: with (R4) and (R5)
//        of protocol/reader.hpp: whoever has read anything of the new bytes sees the new stamp, and
//        that the slot names the block no more
//   (B3) the CAS that gives a block to another owner under its stamp: with (B3), as each goes by
//        the pair that the one before left
//   (B4) the CAS that frees a block: with (B1) and with (R5) of protocol/reader.hpp: what its last
//        owner did there is over; a run gets a new stamp, as its chunks may become part of another

#include <twinmap/storage/chunk_table.hpp>

#include <array>

namespace twinmap::storage {

/// Blocks that one lease holds for re-use, by size class. Lives in the lease's private memory,
/// which a forked child finds wiped; what a killed process held is found again through the owner
/// pairs. Never holds runs.
struct private_stacks {
  static constexpr std::uint32_t depth = 16;
  static constexpr std::uint32_t settle = 8;  ///< frees that a block waits before it is used again
  struct stack {
    std::uint32_t fresh_count;  ///< claimed and stamped, never published: usable at once
    std::uint32_t freed_count;
    std::uint32_t freed_first;  ///< oldest in the ring
    std::array<std::uint32_t, depth> fresh;
    std::array<std::uint32_t, depth> freed;
  };
  std::array<stack, class_count> classes;
};

/// The lease on whose behalf something is allocated.
struct allocation_context {
  platform::lease_id me;
  lease_page* page;
  private_stacks* stacks;
};

/// A block that a lease owns and has not published.
struct owned_block {
  block_ref ref{0};
  std::uint64_t stamp = 0;
  explicit operator bool() const noexcept { return stamp != 0; }
};

/// An owner pair whose halves belong together.
platform::pair_value load_owner(const platform::atomic_pair& pair) noexcept;

class block_allocator {
 public:
  block_allocator(const segment_view& view, platform::segment_file& file) noexcept
      : view_(view), chunks_(view, file) {}

  /// A block for `length` bytes (> 0), leased to `by`. False-valued if there is no memory, after a
  /// full search.
  [[nodiscard]] owned_block allocate(std::uint32_t length, const allocation_context& by);

  /// A block for `length` bytes (small) in that chunk. False-valued if the chunk is not of this
  /// class or has none free. The private stack of the class holds blocks of no other chunk: `flush`
  /// before the first, and before another chunk.
  [[nodiscard]] owned_block allocate_in(std::uint32_t chunk, std::uint32_t length,
                                        const allocation_context& by);

  /// Gives back one that was never published.
  void cancel(owned_block block, const allocation_context& by) noexcept;

  /// After the CAS that made a slot point to it: leased → live. Fails harmlessly if somebody has
  /// replaced it already.
  void mark_live(owned_block block, const allocation_context& by) noexcept;

  /// The owner pair of a published block, to be read before the CAS that removes it from its slot.
  [[nodiscard]] platform::pair_value pair(block_ref ref) const noexcept;

  /// After that CAS: takes the block over and gives it back. `seen` is what `pair` said. `hoard`:
  /// keep it in the private stack (a replacer needs one next), else release it to all at once (an
  /// erase makes room for anyone, P7).
  void retire(block_ref ref, platform::pair_value seen, const allocation_context& by,
              bool hoard) noexcept;

  /// Releases everything that the private stacks hold.
  void flush(const allocation_context& by) noexcept;

  /// A block whose pair still is {free or leased by the dead, stamp} as seen → free or live. For
  /// the sweep.
  bool settle(std::uint32_t owner, platform::pair_value seen, owner_word to) noexcept;

  /// A block that no slot names and whose pair still is as seen becomes free. For the sweep.
  bool free_unnamed(std::uint32_t owner, platform::pair_value seen,
                    const allocation_context& by) noexcept;

  /// Turns a small chunk into a free one if every block of it can be claimed. For the sweep, and
  /// for gathering.
  bool dissolve(std::uint32_t chunk, const allocation_context& by) noexcept;

  [[nodiscard]] chunk_table& chunks() noexcept { return chunks_; }
  [[nodiscard]] bool tight() const noexcept {
    return view_.header->allocation.tight.load(std::memory_order_relaxed) != 0;
  }

 private:
  [[nodiscard]] owned_block allocate_small(std::uint32_t length, std::uint32_t size_class,
                                           const allocation_context& by);
  [[nodiscard]] owned_block allocate_run(std::uint32_t length, const allocation_context& by);
  [[nodiscard]] owned_block take_freed(std::uint32_t length, private_stacks::stack& stack,
                                       const allocation_context& by);
  bool refill(std::uint32_t size_class, private_stacks::stack& stack, const allocation_context& by,
              bool thorough);
  bool refill_from(std::uint32_t chunk, std::uint32_t size_class, private_stacks::stack& stack,
                   const allocation_context& by);
  bool carve(std::uint32_t size_class, private_stacks::stack& stack, const allocation_context& by);
  void release(std::uint32_t owner, const allocation_context& by) noexcept;
  void release_run(std::uint32_t owner, const allocation_context& by) noexcept;

  static std::uint64_t draw_stamp(const allocation_context& by) noexcept;

  const segment_view& view_;
  chunk_table chunks_;
};

}  // namespace twinmap::storage
