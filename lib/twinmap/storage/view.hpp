#pragma once

// What a process holds of a segment: addresses and limits, read once and checked at attach.

#include <twinmap/platform/shared_bytes.hpp>
#include <twinmap/storage/blocks.hpp>
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
  std::uint64_t seal_seed = 0;             ///< of the map's uuid; see seal.hpp
  std::array<std::uint64_t, 24> secret{};  ///< XXH3's, made of the header's seed; see lib/FORMAT.md
  std::uint64_t max_slots = 0;             ///< slot numbers are below this, by the mapping's size
  std::uint64_t max_heap_bytes = 0;        ///< heap offsets are below this, by the mapping's size
  std::atomic<std::uint32_t>* hashes = nullptr;
  chunk_record* chunk_records = nullptr;
  std::byte* leases = nullptr;
  segment_header* header = nullptr;
  header_constant
      constant{};  ///< the copy that was checked: the one in the segment is never read again (R6)

  [[nodiscard]] std::uint64_t hash(const void* key, std::size_t length) const noexcept {
    return XXH3_64bits_withSecret(key, length, secret.data(), sizeof secret) & hash_mask;
  }
  /// The same of a key of 8 bytes that is in a register: XXH3's formula for such a length
  /// ("XXH3_len_4to8" in xxHash's specification), with the secret's part of it computed once per
  /// attachment.
  [[nodiscard]] std::uint64_t hash_of_word(std::uint64_t key) const noexcept {
    constexpr std::uint64_t prime = 0x9FB21C651E98DF25;
    std::uint64_t mixed = std::rotl(key, 32) ^ word_flip;
    mixed ^= std::rotl(mixed, 49) ^ std::rotl(mixed, 24);
    mixed *= prime;
    mixed ^= (mixed >> 35) + sizeof key;
    mixed *= prime;
    return (mixed ^ (mixed >> 28)) & hash_mask;
  }
  [[nodiscard]] entry& slot(std::uint64_t number) const noexcept {
    return *reinterpret_cast<entry*>(slots + (number << slot_shift));
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
  // What the record says of the chunk's pairs if its check agrees, else 0.
  [[nodiscard]] std::uint32_t sealed_pairs(std::uint32_t number) const noexcept {
    const std::uint32_t pairs = chunk(number).pairs.load(std::memory_order_relaxed);
    const std::uint32_t check = chunk(number).pairs_check.load(std::memory_order_relaxed);
    return (pairs & ~given_back_bit) <= 1u << heap.pairs_shift &&
                   check == check_of(seal_seed, sealed::pairs, number, pairs)
               ? pairs
               : 0;
  }
  // A thread that was slow to store what it saw must not take back what another has seen since.
  static void raise(std::atomic<std::uint64_t>& limit, std::uint64_t published) noexcept {
    std::uint64_t known = limit.load(std::memory_order_relaxed);
    while (known < published &&
           !limit.compare_exchange_weak(known, published, std::memory_order_relaxed)) {
    }
  }
  // (V1) the acquire load of a published limit pairs with the release that published it (S2 in
  // slots.cpp, H2 in chunk_table.cpp): what lies below it is resident. One whose check does not
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
  /// check agrees, else none. They are made so before the chunk's entry says that they are used (C2
  /// in chunk_table.hpp), and are never given back.
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
    return (pairs == 0 && check == 0) || check == check_of(seal_seed, sealed::pairs, number, pairs);
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

  /// R6: whether a block may be read, and its owner pair with it.
  [[nodiscard]] bool block_ok(block_ref ref) const noexcept {
    const std::uint32_t number = ref.owner() >> heap.pairs_shift;
    if (ref.length() == 0 ||
        !heap_ok(heap.offset(ref), (std::uint64_t{ref.length()} + 7) & ~std::uint64_t{7}))
      return false;
    const chunk_entry held{chunk(number).entry.load(std::memory_order_acquire)};  // (C1)
    const std::uint64_t index = ref.owner() & ((1u << heap.pairs_shift) - 1);
    const std::uint64_t bytes = heap.block_bytes(ref.length());
    if (index >= block_pairs(number)) return false;
    if (held.kind() == chunk_kind::run)
      return index == 0 && bytes <= std::uint64_t{held.number()} << heap.chunk_shift;
    return held.kind() == chunk_kind::small && heap.small(ref.length()) &&
           class_number(heap.granules(ref.length())) == held.number() &&
           (index + 1) * bytes <= heap.chunk_bytes();
  }
};

}  // namespace layout_1
}  // namespace twinmap::storage
