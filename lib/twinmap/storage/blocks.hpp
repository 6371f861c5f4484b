#pragma once

// Where blocks lie. A block's size class follows from its length, and its place from its owner
// index and its class, so that a block_ref of 64 bits says everything a reader needs.

#include <twinmap/storage/entry.hpp>

#include <bit>

namespace twinmap::storage {
inline namespace layout_1 {

/// Block sizes are a granule times 1, 2, 3, ... 8, then four steps to each doubling: at most a
/// quarter is wasted. A size is `below` + 1 steps of 2^shift granules: 5 to 8 of them, or up to 8
/// single ones.
struct class_step {
  std::uint32_t shift;
  std::uint32_t below;

  [[nodiscard]] constexpr std::uint64_t granules() const noexcept {
    return (std::uint64_t{below} + 1) << shift;
  }
  [[nodiscard]] constexpr std::uint32_t number() const noexcept { return 4 * shift + below; }
};

/// The least size of more than `last` granules.
constexpr class_step step_above(std::uint64_t last) noexcept {
  const auto shift = static_cast<std::uint32_t>(std::bit_width(last | 4)) - 3;
  return {shift, static_cast<std::uint32_t>(last >> shift)};
}

constexpr std::uint64_t class_granules(std::uint64_t granules) noexcept {
  return step_above(granules - 1).granules();
}

/// Dense number of the class of `class_granules(n)`; 0 for one granule.
constexpr std::uint32_t class_number(std::uint64_t granules) noexcept {
  return step_above(granules - 1).number();
}

/// Granules of a block of class `number`: the inverse of class_number.
constexpr std::uint64_t granules_of_class(std::uint32_t number) noexcept {
  if (number < 8) return number + 1;
  const std::uint32_t step = number - 8;
  // The analyzer tries numbers that no class has.
  // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult)
  return std::uint64_t{step % 4 + 5} << (step / 4 + 1);
}
static_assert(class_number(9) == 8 && granules_of_class(8) == 10 && class_granules(9) == 10);
static_assert(class_number(class_granules(16)) == 11 && granules_of_class(11) == 16);

/// What a length says of its block.
struct block_size {
  /// Instead of a class: a run of whole chunks.
  static constexpr std::uint32_t no_class = ~std::uint32_t{0};
  std::uint64_t bytes;  ///< that it takes
  std::uint32_t size_class;

  [[nodiscard]] constexpr bool small() const noexcept { return size_class != no_class; }
};

/// What a block_ref says of its block. Any number says something: segment_view::block_ok tells
/// whether it may be followed.
struct block_place {
  block_size size;
  std::uint64_t offset;  ///< in the heap, of its first byte
  std::uint32_t chunk;   ///< whose owner pairs have the block's
  std::uint32_t index;   ///< of that pair among them
};

/// The shape of the heap, copied from the header into each process.
struct heap_geometry {
  std::byte* heap = nullptr;
  platform::atomic_pair* owners = nullptr;
  std::uint32_t chunk_shift = 0;
  std::uint32_t granule_shift = 0;
  std::uint32_t pairs_shift = 0;  ///< log2 of owner pairs per chunk
  std::uint32_t chunks = 0;

  [[nodiscard]] std::uint64_t chunk_bytes() const noexcept { return 1ull << chunk_shift; }
  /// Longer ones take a run of whole chunks.
  [[nodiscard]] std::uint64_t largest_small() const noexcept { return chunk_bytes() / 4; }
  [[nodiscard]] std::uint64_t granules(std::uint64_t length) const noexcept {
    return (length + (1ull << granule_shift) - 1) >> granule_shift;
  }
  [[nodiscard]] bool small(std::uint64_t length) const noexcept {
    return length <= largest_small();
  }
  /// Of a block for `length` bytes (> 0).
  [[nodiscard]] block_size size_of(std::uint64_t length) const noexcept {
    if (!small(length)) [[unlikely]]
      return {(length + chunk_bytes() - 1) & ~(chunk_bytes() - 1), block_size::no_class};
    const class_step step = step_above((length - 1) >> granule_shift);
    return {step.granules() << granule_shift, step.number()};
  }
  [[nodiscard]] std::uint64_t block_bytes(std::uint64_t length) const noexcept {
    return size_of(length).bytes;
  }
  [[nodiscard]] block_place place(block_ref ref) const noexcept {
    const block_size size = size_of(ref.length());
    const std::uint32_t chunk = ref.owner() >> pairs_shift;
    const std::uint32_t index = ref.owner() & ((1u << pairs_shift) - 1);
    return {size, (std::uint64_t{chunk} << chunk_shift) + index * size.bytes, chunk, index};
  }
  [[nodiscard]] std::uint64_t offset(block_ref ref) const noexcept { return place(ref).offset; }
};

/// The first half of an owner pair: bits 0-1 what, 2-13 lease slot, 14-63 incarnation. The second
/// half is the stamp {lease slot 12 bits, that lease's own counter 52 bits}, which never repeats.
/// All zero: never used, free.
enum class owner_kind : std::uint8_t { free = 0, leased = 1, live = 2 };

struct owner_word {
  std::uint64_t bits;
  [[nodiscard]] static constexpr owner_word free() noexcept { return {0}; }
  [[nodiscard]] static constexpr owner_word live() noexcept { return {2}; }
  [[nodiscard]] static constexpr owner_word leased(platform::lease_id id) noexcept {
    return {1 | (std::uint64_t{id.slot} << 2) | (id.incarnation << 14)};
  }
  [[nodiscard]] constexpr owner_kind kind() const noexcept {
    return static_cast<owner_kind>(bits & 3);
  }
  [[nodiscard]] constexpr platform::lease_id lease() const noexcept {
    return {static_cast<std::uint32_t>(bits >> 2) & 0xFFF, bits >> 14};
  }
  friend bool operator==(owner_word, owner_word) = default;
};

enum class chunk_kind : std::uint8_t {
  free = 0,     ///< number: when it became so, in frees of chunks
  claimed = 1,  ///< somebody's, on the way from one kind to another; number: low bits of the
                ///< lease's incarnation
  small = 2,    ///< blocks of one size class; number: the class
  run = 3,      ///< one block of whole chunks; number: how many
  tail = 4,     ///< a further chunk of a run or a table; number: distance to the first one
  table = 5     ///< an index table; number: how many chunks
};

/// A chunk's entry: bits 0-3 kind, 4-15 lease slot (claimed only), 16-35 number, 36-63 version.
struct chunk_entry {
  std::uint64_t bits;
  [[nodiscard]] constexpr chunk_kind kind() const noexcept {
    return static_cast<chunk_kind>(bits & 15);
  }
  [[nodiscard]] constexpr std::uint32_t lease_slot() const noexcept {
    return static_cast<std::uint32_t>(bits >> 4) & 0xFFF;
  }
  [[nodiscard]] constexpr std::uint32_t number() const noexcept {
    return static_cast<std::uint32_t>(bits >> 16) & 0xFFFFF;
  }
  [[nodiscard]] constexpr std::uint32_t version() const noexcept {
    return static_cast<std::uint32_t>(bits >> 36);
  }
  [[nodiscard]] constexpr chunk_entry next(chunk_kind kind, std::uint32_t number,
                                           std::uint32_t slot = 0) const noexcept {
    return {static_cast<std::uint64_t>(kind) | (std::uint64_t{slot} << 4) |
            (std::uint64_t{number & 0xFFFFF} << 16) | (((bits >> 36) + 1) << 36)};
  }
  friend bool operator==(chunk_entry, chunk_entry) = default;
};

constexpr std::uint64_t make_stamp(std::uint32_t lease_slot, std::uint64_t counter) noexcept {
  return (counter << 12) | lease_slot;
}

}  // namespace layout_1
}  // namespace twinmap::storage
