#pragma once

// Numbers that say how much of a region is resident. On a full file system to follow a wrong one is
// SIGBUS, and nothing else in the segment could show that it is wrong; so each has a check beside
// it, over what the number is about, where it stands and the map's uuid. Garbage, a number that was
// moved, and one of another map pass with probability 2^-32 (P6). Who forges a check on purpose may
// write the file, and might as well truncate it (P7).

#include <twinmap/storage/hash.hpp>

#include <cstdint>

namespace twinmap::storage {
inline namespace layout_1 {

/// What a sealed number is about. Part of the format: these values go into the check.
enum class sealed : std::uint8_t {
  slots = 1,   ///< header_roots::slots_committed
  chunks = 2,  ///< header_roots::heap_committed
  pairs = 3    ///< chunk_record::pairs, with its bit; place: the chunk's number
};

/// The check of a number. `flip` is seed_flip of the first word of the map's uuid, `place` below
/// 2^24.
inline std::uint32_t check_with(std::uint64_t flip, sealed what, std::uint32_t place,
                                std::uint32_t number) noexcept {
  const std::uint64_t message =
      (static_cast<std::uint64_t>(what) << 56) | (std::uint64_t{place} << 32) | number;
  return static_cast<std::uint32_t>(hash_word(message, flip) >> 32);
}

/// The same by that word itself.
inline std::uint32_t check_of(std::uint64_t seed, sealed what, std::uint32_t place,
                              std::uint32_t number) noexcept {
  return check_with(seed_flip(seed), what, place, number);
}

/// Number and check in one word: number in the low half.
inline std::uint64_t seal(std::uint64_t seed, sealed what, std::uint32_t number) noexcept {
  return (std::uint64_t{check_of(seed, what, 0, number)} << 32) | number;
}

/// The number of a sealed word; 0 if its check does not agree.
inline std::uint32_t unseal(std::uint64_t seed, sealed what, std::uint64_t word) noexcept {
  const auto number = static_cast<std::uint32_t>(word);
  return seal(seed, what, number) == word ? number : 0;
}

}  // namespace layout_1
}  // namespace twinmap::storage
