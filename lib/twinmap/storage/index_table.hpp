#pragma once

// An index table: groups of one cache line, each of 16 words of 32 bits {tag 8, slot 24} or, for
// slot numbers beyond that, 8 words of 64 bits {tag 8, slot 56}. The same type serves read and
// dirty.
//
// Invariants
//   1. A word of a published table never moves and never becomes empty again (R3): a removed one is
//   a tombstone.
//   2. The words of a key lie in the groups from its home group on, up to the first group that has
//   an empty word.
//   3. The table has no header: where it lies and how many groups it has is in its root word, read
//   in one load.

#include <twinmap/storage/entry.hpp>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace twinmap::storage {
inline namespace layout_1 {

/// bits 0-25 groups, 26 wide words, 27 amended (read only), 28-39 generation, 40-63 offset in the
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

template <class Word>
struct index_word;

template <>
struct index_word<std::uint32_t> {
  static constexpr unsigned slot_bits = 24;
  static constexpr unsigned per_group = group_bytes / 4;
  static constexpr unsigned tag_bits = 8;
};

template <>
struct index_word<std::uint64_t> {
  static constexpr unsigned slot_bits = 56;
  static constexpr unsigned per_group = group_bytes / 8;
  static constexpr unsigned tag_bits =
      8;  // no more: a growing table knows only the tag and 32 bits of the hash
};

inline constexpr std::uint64_t narrow_slots = 1ull << index_word<std::uint32_t>::slot_bits;

template <class Word>
constexpr Word tag_of(std::uint64_t hash) noexcept {
  return static_cast<Word>(hash >> (64 - index_word<Word>::tag_bits));
}
template <class Word>
constexpr Word make_word(std::uint64_t hash, std::uint64_t slot) noexcept {
  return static_cast<Word>((std::uint64_t{tag_of<Word>(hash)} << index_word<Word>::slot_bits) |
                           slot);
}
template <class Word>
constexpr std::uint64_t slot_of(Word word) noexcept {
  return word & ((Word{1} << index_word<Word>::slot_bits) - 1);
}
/// Names slot 0, which is nobody's: resident, free for ever, and refused by slot_ok.
template <class Word>
inline constexpr Word tombstone = static_cast<Word>(~Word{0} << index_word<Word>::slot_bits);

/// One bit per word of a group, lowest first.
using group_mask = std::uint32_t;

#if defined(__SSE2__) && !defined(TWINMAP_THREAD_SANITIZER) && !defined(TWINMAP_NO_SIMD)
#define TWINMAP_SIMD_GROUPS 1
#endif

template <class Word>
inline Word load_word(const std::byte* group, unsigned i) noexcept {
  return __atomic_load_n(reinterpret_cast<const Word*>(group) + i, __ATOMIC_RELAXED);
}

/// The portable comparison: which words of the group satisfy `f`.
template <class Word, class Predicate>
inline group_mask scan_group(const std::byte* group, Predicate f) noexcept {
  group_mask mask = 0;
  for (unsigned i = 0; i != index_word<Word>::per_group; ++i)
    mask |= group_mask{f(load_word<Word>(group, i))} << i;
  return mask;
}

#if defined(TWINMAP_SIMD_GROUPS)
/// One bit per 32-bit lane whose highest bit is set.
inline group_mask sign_mask(__m128i a, __m128i b, __m128i c, __m128i d) noexcept {
  // Both packings saturate and so keep the sign.
  return static_cast<group_mask>(
      _mm_movemask_epi8(_mm_packs_epi16(_mm_packs_epi32(a, b), _mm_packs_epi32(c, d))));
}

/// Compares bytes; only that of the tag, the highest of each word, reaches the mask. The vector
/// loads are not atomic as a whole, each word is.
inline group_mask match_tag_narrow(const std::byte* group, std::uint64_t hash) noexcept {
  const auto* lanes = reinterpret_cast<const __m128i*>(group);
  constexpr int high_half_in_all_lanes = 0b01'01'01'01;
  const __m128i want =
      _mm_shuffle_epi32(_mm_cvtsi64_si128(static_cast<std::int64_t>(hash)), high_half_in_all_lanes);
  return sign_mask(_mm_cmpeq_epi8(_mm_load_si128(lanes), want),
                   _mm_cmpeq_epi8(_mm_load_si128(lanes + 1), want),
                   _mm_cmpeq_epi8(_mm_load_si128(lanes + 2), want),
                   _mm_cmpeq_epi8(_mm_load_si128(lanes + 3), want));
}

inline group_mask match_empty_narrow(const std::byte* group) noexcept {
  const auto* lanes = reinterpret_cast<const __m128i*>(group);
  const __m128i none = _mm_setzero_si128();
  return sign_mask(_mm_cmpeq_epi32(_mm_load_si128(lanes), none),
                   _mm_cmpeq_epi32(_mm_load_si128(lanes + 1), none),
                   _mm_cmpeq_epi32(_mm_load_si128(lanes + 2), none),
                   _mm_cmpeq_epi32(_mm_load_si128(lanes + 3), none));
}
#endif

/// Which words of a group have the tag of a hash.
template <class Word>
inline group_mask match_tag(const std::byte* group, std::uint64_t hash) noexcept {
#if defined(TWINMAP_SIMD_GROUPS)
  if constexpr (sizeof(Word) == 4) return match_tag_narrow(group, hash);
#endif
  const Word tag = tag_of<Word>(hash);
  return scan_group<Word>(group,
                          [tag](Word w) { return (w >> index_word<Word>::slot_bits) == tag; });
}

template <class Word>
inline group_mask match_empty(const std::byte* group) noexcept {
#if defined(TWINMAP_SIMD_GROUPS)
  if constexpr (sizeof(Word) == 4) return match_empty_narrow(group);
#endif
  return scan_group<Word>(group, [](Word w) { return w == 0; });
}

}  // namespace layout_1
}  // namespace twinmap::storage
