#pragma once

// What a process holds of a segment: addresses and limits, read once and checked at attach.

#include <twinmap/platform/shared_bytes.hpp>
#include <twinmap/storage/blocks.hpp>
#include <twinmap/storage/hash.hpp>
#include <twinmap/storage/index_table.hpp>
#include <twinmap/storage/seal.hpp>

#include <algorithm>

namespace twinmap::storage {
inline namespace layout_1 {

/// A key and its hash in this map.
struct key_view {
  const std::byte* data;
  std::size_t size;
  std::uint64_t hash;
};

/// Per process. Constant after attach, but the two cached limits, which follow the published ones
/// and only grow.
struct segment_view {
  const header_roots* roots = nullptr;
  std::byte* slots = nullptr;
  mutable std::atomic<std::uint64_t> slot_limit{0};  ///< cached slots_committed
  std::uint64_t word_flip = 0;                       ///< of `secret`, for hash_of_word
  std::uint64_t hash_mask = ~0ull;
  std::uint32_t slot_shift = 0;
  std::uint32_t key_capacity = 0;                    ///< bytes of key that a slot holds
  mutable std::atomic<std::uint64_t> heap_limit{0};  ///< cached heap_committed, in bytes
  heap_geometry heap;
  std::uint64_t seal_seed = 0;       ///< of the map's uuid; see seal.hpp
  std::uint64_t seal_flip = 0;       ///< seed_flip of it
  hash_secret secret{};              ///< XXH3's, made of the header's seed; see lib/FORMAT.md
  std::uint64_t max_slots = 0;       ///< slot numbers are below this, by the mapping's size
  std::uint64_t max_heap_bytes = 0;  ///< heap offsets are below this, by the mapping's size
  std::atomic<std::uint32_t>* hashes = nullptr;
  chunk_record* chunk_records = nullptr;
  std::byte* leases = nullptr;
  segment_header* header = nullptr;
  header_constant constant{};  ///< the copy that was checked: the one in the segment is never read
                               ///< again (rule R6)

  [[nodiscard]] std::uint64_t hash(const void* key, std::size_t length) const noexcept {
    return hash_bytes(static_cast<const std::byte*>(key), length, secret) & hash_mask;
  }
  /// The same of a key of 8 bytes that is in a register, with the secret's part of it computed once
  /// per attachment.
  [[nodiscard]] std::uint64_t hash_of_word(std::uint64_t key) const noexcept {
    return hash_word(key, word_flip) & hash_mask;
  }
  [[nodiscard]] entry& slot(std::uint64_t number) const noexcept {
    return *reinterpret_cast<entry*>(slots + (number << slot_shift));
  }
  /// Its inverse.
  [[nodiscard]] std::uint64_t number_of(const entry& slot) const noexcept {
    return static_cast<std::uint64_t>(reinterpret_cast<const std::byte*>(&slot) - slots) >>
           slot_shift;
  }
  [[nodiscard]] std::atomic<std::uint32_t>& slot_hash(std::uint64_t number) const noexcept {
    return hashes[number];
  }
  [[nodiscard]] chunk_record& chunk(std::uint64_t number) const noexcept {
    return chunk_records[number];
  }
  /// First chunk of a table.
  [[nodiscard]] std::uint32_t chunk_of(root_word root) const noexcept {
    return static_cast<std::uint32_t>(root.offset() >> heap.chunk_shift);
  }
  [[nodiscard]] lease_page& lease(std::uint32_t slot_number) const noexcept {
    return *reinterpret_cast<lease_page*>(leases + std::uint64_t{slot_number} * lease_stride);
  }

  /// R6: whether a slot number may be followed. The published limit is read again once when the
  /// cached one is exceeded.
  [[nodiscard]] bool slot_ok(std::uint64_t number) const noexcept {
    return number != 0 &&
           (number < slot_limit.load(std::memory_order_relaxed) || slot_ok_after_refresh(number));
  }
  /// R6: whether [offset, offset + length) of the heap may be read.
  [[nodiscard]] bool heap_ok(std::uint64_t offset, std::uint64_t length) const noexcept {
    const std::uint64_t limit = heap_limit.load(std::memory_order_relaxed);
    return (length <= limit && offset <= limit - length) || heap_ok_after_refresh(offset, length);
  }

 private:
  [[nodiscard]] bool pairs_agree(std::uint32_t number, std::uint32_t pairs) const noexcept {
    return chunk(number).pairs_check.load(std::memory_order_relaxed) ==
           check_with(seal_flip, sealed::pairs, number, pairs);
  }
  // What the record says of the chunk's pairs if its check agrees, else 0.
  [[nodiscard]] std::uint32_t sealed_pairs(std::uint32_t number) const noexcept {
    const std::uint32_t pairs = chunk(number).pairs.load(std::memory_order_relaxed);
    return (pairs & ~given_back_bit) <= 1u << heap.pairs_shift && pairs_agree(number, pairs) ? pairs
                                                                                             : 0;
  }
  // Whether it has that pair, and its own memory is resident: `index < block_pairs(number)`.
  [[nodiscard]] bool has_pair(std::uint32_t number, std::uint32_t index) const noexcept {
    const std::uint32_t pairs = chunk(number).pairs.load(std::memory_order_relaxed);
    return index < pairs && (pairs & given_back_bit) == 0 && pairs_agree(number, pairs);
  }
  // A thread that was slow to store what it saw must not take back what another has seen since.
  static void raise(std::atomic<std::uint64_t>& limit, std::uint64_t published) noexcept {
    std::uint64_t known = limit.load(std::memory_order_relaxed);
    while (known < published &&
           !limit.compare_exchange_weak(known, published, std::memory_order_relaxed)) {
    }
  }
  // (V1) the acquire load of a published limit pairs with (S2) of protocol/slots.cpp and (H2) of
  // chunk_table.hpp, which published it: what lies below it is resident. One whose check does not
  // agree is garbage: what was known before stays.
  [[gnu::noinline]] bool slot_ok_after_refresh(std::uint64_t number) const noexcept {
    const std::uint64_t published = unseal(
        seal_seed, sealed::slots, roots->slots_committed.load(std::memory_order_acquire));  // (V1)
    if (published - 1 >= max_slots) return false;
    raise(slot_limit, published);
    return number < published;
  }
  [[gnu::noinline]] bool heap_ok_after_refresh(std::uint64_t offset,
                                               std::uint64_t length) const noexcept {
    const std::uint64_t chunks = unseal(
        seal_seed, sealed::chunks, roots->heap_committed.load(std::memory_order_acquire));  // (V1)
    if (chunks - 1 >= heap.chunks) return false;
    const std::uint64_t published = chunks << heap.chunk_shift;
    raise(heap_limit, published);
    return length <= published && offset <= published - length;
  }

 public:
  /// Slot numbers below this are resident, by the published limit or, if that is garbage, by the
  /// last one that was not. At least slot 0 is.
  [[nodiscard]] std::uint64_t resident_slots() const noexcept {
    static_cast<void>(slot_ok_after_refresh(0));
    return std::max<std::uint64_t>(slot_limit.load(std::memory_order_relaxed), 1);
  }
  /// The same of the chunks of the heap and their records.
  [[nodiscard]] std::uint32_t resident_chunks() const noexcept {
    static_cast<void>(heap_ok_after_refresh(0, 0));
    return static_cast<std::uint32_t>(heap_limit.load(std::memory_order_relaxed) >>
                                      heap.chunk_shift);
  }
  /// R6: whether a chunk and its record may be read.
  [[nodiscard]] bool chunk_ok(std::uint64_t number) const noexcept {
    return heap_ok(number << heap.chunk_shift, heap.chunk_bytes());
  }
  /// Owner pairs of such a chunk that are resident, its first ones: what its record says if the
  /// check agrees, else none. They are made so before the chunk's entry says that they are used,
  /// (C2) of chunk_table.hpp, and are never given back.
  [[nodiscard]] std::uint32_t resident_pairs(std::uint32_t number) const noexcept {
    return sealed_pairs(number) & ~given_back_bit;
  }
  /// The same, and none if the chunk's own memory is not resident: how many blocks it may have.
  [[nodiscard]] std::uint32_t block_pairs(std::uint32_t number) const noexcept {
    const std::uint32_t pairs = sealed_pairs(number);
    return (pairs & given_back_bit) == 0 ? pairs : 0;
  }
  /// Whether such a chunk's own memory certainly is resident: it never was given back, or its
  /// record says, under its check, that it came again.
  [[nodiscard]] bool resident(std::uint32_t number) const noexcept {
    const std::uint32_t pairs = chunk(number).pairs.load(std::memory_order_relaxed);
    const std::uint32_t check = chunk(number).pairs_check.load(std::memory_order_relaxed);
    if ((pairs & given_back_bit) != 0) return false;
    return (pairs == 0 && check == 0) ||
           check == check_with(seal_flip, sealed::pairs, number, pairs);
  }

  /// R6: whether a group of a table may be read: not where a chunk's memory was given back, which
  /// is where a root that is garbage may lead, or one that was loaded long ago. Without the seal:
  /// garbage would have to lie in two places at once.
  [[nodiscard]] bool group_ok(std::uint64_t offset) const noexcept {
    return heap_ok(offset, group_bytes) &&
           (chunk(offset >> heap.chunk_shift).pairs.load(std::memory_order_relaxed) &
            given_back_bit) == 0;
  }
  /// R6: the same of all its groups.
  [[nodiscard]] bool table_ok(root_word root) const noexcept {
    const std::uint64_t length = root.groups() * group_bytes;
    if (length == 0 || !heap_ok(root.offset(), length)) return false;
    for (std::uint64_t at = 0; at < length; at += heap.chunk_bytes())
      if (!group_ok(root.offset() + at)) return false;
    return true;
  }

  /// R6: whether a block, whose place is `at`, may be read, and its owner pair with it.
  [[nodiscard]] bool block_ok(block_ref ref, const block_place& at) const noexcept {
    if (ref.length() == 0 || !heap_ok(at.offset, at.size.bytes)) return false;
    const chunk_entry held{chunk(at.chunk).entry.load(std::memory_order_acquire)};  // (C1)
    if (!has_pair(at.chunk, at.index)) return false;
    if (held.kind() == chunk_kind::small) [[likely]]
      return at.size.size_class == held.number() &&
             (at.index + std::uint64_t{1}) * at.size.bytes <= heap.chunk_bytes();
    return held.kind() == chunk_kind::run && at.index == 0 &&
           at.size.bytes <= std::uint64_t{held.number()} << heap.chunk_shift;
  }
  [[nodiscard]] bool block_ok(block_ref ref) const noexcept {
    return block_ok(ref, heap.place(ref));
  }
};

}  // namespace layout_1
}  // namespace twinmap::storage
