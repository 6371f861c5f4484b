#pragma once

// An index table: groups of one cache line. A group begins with 16 tags of one byte, which are
// compared at once; then come the slot numbers, 16 of 24 bits or, where there are more slots than
// that, 12 of 32 bits (tags 12-15 are then never used). A tag and its number are a word. The same
// type serves read and dirty.
//
// Invariants
//   1. A word is published, and removed, by one store of its tag. Its number is written before,
//   (T2) of table_words.hpp, and means nothing where the tag is empty or a tombstone.
//   2. A word of a published table never moves and its tag never becomes empty again (rule R3):
//   that of a removed one is a tombstone.
//   3. The words of a key lie in the groups from its home group on, up to the first group that has
//   an empty tag.
//   4. The table has no header: where it lies and how many groups it has is in its root word, read
//   in one load.
//
// Tags beside each other, apart from what they belong to, are as in Abseil's flat_hash_map and
// folly's F14.

#include <twinmap/storage/entry.hpp>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace twinmap::storage {
inline namespace layout_1 {

/// bits 0-25 groups, 26 wide groups, 27 amended (read only), 28-39 generation, 40-63 offset in the
/// heap in units of 64 KiB. In this order a lookup takes it apart with one instruction a part.
struct root_word {
  std::uint64_t bits;

  static constexpr std::uint64_t max_groups = (1ull << 26) - 1;
  static constexpr std::uint64_t wide_bit = 1ull << 26;
  static constexpr std::uint64_t amended_bit = 1ull << 27;
  static constexpr unsigned generation_shift = 28;
  static constexpr std::uint64_t generation_mask = (1ull << 12) - 1;
  static constexpr unsigned offset_shift = 40;
  static constexpr unsigned unit_shift = 16;

  /// `offset` is a multiple of 64 KiB, as every chunk's is.
  [[nodiscard]] static constexpr root_word make(std::uint64_t offset, std::uint64_t groups,
                                                bool wide, std::uint64_t generation) noexcept {
    return {groups | (wide ? wide_bit : 0) | ((generation & generation_mask) << generation_shift) |
            ((offset >> unit_shift) << offset_shift)};
  }
  [[nodiscard]] constexpr std::uint64_t offset() const noexcept {
    return (bits >> (offset_shift - unit_shift)) & ~((1ull << unit_shift) - 1);
  }
  [[nodiscard]] constexpr std::uint64_t groups() const noexcept { return bits & max_groups; }
  [[nodiscard]] constexpr bool wide() const noexcept { return (bits & wide_bit) != 0; }
  [[nodiscard]] constexpr bool amended() const noexcept { return (bits & amended_bit) != 0; }
  [[nodiscard]] constexpr std::uint64_t generation() const noexcept {
    return (bits >> generation_shift) & generation_mask;
  }
  [[nodiscard]] constexpr root_word with_amended(bool yes) const noexcept {
    return {(bits & ~amended_bit) | (yes ? amended_bit : 0)};
  }
  [[nodiscard]] constexpr root_word next_generation() const noexcept {
    return {(bits & ~(generation_mask << generation_shift)) |
            (((generation() + 1) & generation_mask) << generation_shift)};
  }
  [[nodiscard]] constexpr bool same_table(root_word other) const noexcept {
    return offset() == other.offset() && groups() == other.groups() && wide() == other.wide();
  }
  explicit constexpr operator bool() const noexcept { return bits != 0; }
  friend bool operator==(root_word, root_word) = default;
};

inline constexpr std::size_t group_bytes = cache_line;

/// How a 64-bit hash is spent: the low half chooses the group, the top bits are the tag.
constexpr std::uint64_t home_group(std::uint32_t low_hash, std::uint64_t groups) noexcept {
  return (low_hash * groups) >> 32;
}

/// Byte offset of the slot numbers in a group, behind the tags.
inline constexpr unsigned numbers_at = 16;

/// The two kinds of group, which root_word::wide tells apart.
struct narrow_group {
  static constexpr unsigned per_group = 16;
  static constexpr unsigned number_bytes = 3;
};
struct wide_group {
  static constexpr unsigned per_group = 12;
  static constexpr unsigned number_bytes = 4;
};
static_assert(numbers_at + narrow_group::per_group * narrow_group::number_bytes == group_bytes &&
              numbers_at + wide_group::per_group * wide_group::number_bytes == group_bytes);

inline constexpr std::uint64_t narrow_slots = 1ull << (8 * narrow_group::number_bytes);

/// What a tag may be beside a key's, which is at least 2.
inline constexpr std::uint8_t empty_tag = 0;
inline constexpr std::uint8_t tombstone_tag = 1;
inline constexpr std::uint8_t least_tag = 2;

constexpr std::uint8_t tag_of(std::uint64_t hash) noexcept {
  const auto top = static_cast<std::uint8_t>(hash >> 56);
  return top < least_tag ? least_tag : top;
}

/// One bit per word of a group, lowest first.
using group_mask = std::uint32_t;

/// The first word of a mask that is not 0.
inline unsigned first_of(group_mask mask) noexcept {
  return static_cast<unsigned>(std::countr_zero(mask));
}

template <class Group>
inline constexpr group_mask all_words = (group_mask{1} << Group::per_group) - 1;

#if defined(__SSE2__) && !defined(TWINMAP_THREAD_SANITIZER) && !defined(TWINMAP_NO_SIMD)
#define TWINMAP_SIMD_GROUPS 1
#endif

inline std::uint8_t load_tag(const std::byte* group, unsigned i) noexcept {
  return __atomic_load_n(reinterpret_cast<const std::uint8_t*>(group) + i, __ATOMIC_RELAXED);
}

/// The number that stands beside tag `i`. Garbage unless that tag was seen published before an
/// acquire fence; it must pass `slot_ok` in any case.
template <class Group>
inline std::uint64_t load_number(const std::byte* group, unsigned i) noexcept {
  const unsigned offset = i * Group::number_bytes;
  if constexpr (Group::number_bytes == sizeof(std::uint32_t)) {
    return __atomic_load_n(reinterpret_cast<const std::uint32_t*>(group + numbers_at + offset),
                           __ATOMIC_RELAXED);
  } else {
#if defined(TWINMAP_THREAD_SANITIZER)
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(group + numbers_at + offset);
    return std::uint64_t{__atomic_load_n(bytes, __ATOMIC_RELAXED)} |
           (std::uint64_t{__atomic_load_n(bytes + 1, __ATOMIC_RELAXED)} << 8) |
           (std::uint64_t{__atomic_load_n(bytes + 2, __ATOMIC_RELAXED)} << 16);
#else
    // One load with the byte before, which belongs to the group too. It need not be atomic: the
    // three bytes do not change while the tag is published. Behind the empty statement the compiler
    // knows nothing of where the value came from, so that it cannot load it again (rule R6); a
    // volatile access would say the same, and cost two instructions for its address. Packed,
    // because clang++ 14 believes no alignment of 1 that is said of a number alone.
    struct [[gnu::packed, gnu::may_alias]] unaligned {
      std::uint32_t word;
    };
    std::uint32_t word =
        reinterpret_cast<const unaligned*>(group + offset + (numbers_at - 1))->word;
    asm("" : "+r"(word));
    return word >> 8;
#endif
  }
}

/// The portable comparison: which tags of the group satisfy `f`.
template <class Group, class Predicate>
inline group_mask scan_tags(const std::byte* group, Predicate f) noexcept {
  group_mask mask = 0;
  for (unsigned i = 0; i != Group::per_group; ++i)
    mask |= group_mask{f(load_tag(group, i))} << i;
  return mask;
}

#if defined(TWINMAP_SIMD_GROUPS)
/// The vector load is not atomic as a whole, each tag is.
inline __m128i load_tags(const std::byte* group) noexcept {
  return _mm_load_si128(reinterpret_cast<const __m128i*>(group));
}

inline group_mask equal_tags(__m128i a, __m128i b) noexcept {
  return static_cast<group_mask>(_mm_movemask_epi8(_mm_cmpeq_epi8(a, b)));
}

/// `tag_of(hash)` in all 16 bytes.
inline __m128i tag_in_all(std::uint64_t hash) noexcept {
  constexpr int highest_in_all_lanes = 0b11'11'11'11;
  const __m128i bytes = _mm_cvtsi64_si128(static_cast<std::int64_t>(hash));
  const __m128i twice = _mm_unpacklo_epi8(bytes, bytes);
  const __m128i upper = _mm_shufflehi_epi16(twice, highest_in_all_lanes);
  return _mm_max_epu8(_mm_unpackhi_epi64(upper, upper), _mm_set1_epi8(least_tag));
}
#endif

/// Which words of a group have the tag of a hash.
template <class Group>
inline group_mask match_tag(const std::byte* group, std::uint64_t hash) noexcept {
#if defined(TWINMAP_SIMD_GROUPS)
  return equal_tags(load_tags(group), tag_in_all(hash)) & all_words<Group>;
#else
  const std::uint8_t tag = tag_of(hash);
  return scan_tags<Group>(group, [tag](std::uint8_t t) { return t == tag; });
#endif
}

/// Which words were never used.
template <class Group>
inline group_mask match_empty(const std::byte* group) noexcept {
#if defined(TWINMAP_SIMD_GROUPS)
  return equal_tags(load_tags(group), _mm_setzero_si128()) & all_words<Group>;
#else
  return scan_tags<Group>(group, [](std::uint8_t t) { return t == empty_tag; });
#endif
}

/// Which words name a slot.
template <class Group>
inline group_mask match_named(const std::byte* group) noexcept {
#if defined(TWINMAP_SIMD_GROUPS)
  const __m128i tags = load_tags(group);
  return equal_tags(_mm_max_epu8(tags, _mm_set1_epi8(least_tag)), tags) & all_words<Group>;
#else
  return scan_tags<Group>(group, [](std::uint8_t t) { return t >= least_tag; });
#endif
}

}  // namespace layout_1
}  // namespace twinmap::storage
