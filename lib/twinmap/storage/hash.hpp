#pragma once

// XXH3 of what lookups hash: keys, and the numbers of seal.hpp. The values are those of xxHash, by
// its specification; for short lengths they are computed here, because the library's functions are
// too large for a compiler to inline, and the two calls cost more than the hash.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace twinmap::storage {
inline namespace layout_1 {

/// The secret of XXH3_64bits_withSecret, word by word.
using hash_secret = std::array<std::uint64_t, 24>;

namespace xxh3 {

inline std::uint64_t word_at(const std::byte* from) noexcept {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

/// Both halves of the product of 128 bits, folded into one.
inline std::uint64_t folded_product(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using wide = unsigned __int128;
  const wide product = wide{a} * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline std::uint64_t avalanche(std::uint64_t hash) noexcept {
  hash ^= hash >> 37;
  hash *= 0x165667919E3779F9;
  return hash ^ (hash >> 32);
}

/// 9 to 16 bytes.
inline std::uint64_t hash_9_to_16(const std::byte* from, std::size_t length,
                                  const hash_secret& secret) noexcept {
  const std::uint64_t low = word_at(from) ^ secret[3] ^ secret[4];
  const std::uint64_t high = word_at(from + length - 8) ^ secret[5] ^ secret[6];
  return avalanche(length + __builtin_bswap64(low) + high + folded_product(low, high));
}

/// 17 to 64 bytes: 16 from the front and 16 from the back, and the same again further in for over
/// 32.
inline std::uint64_t hash_17_to_64(const std::byte* from, std::size_t length,
                                   const hash_secret& secret) noexcept {
  const auto mix = [&secret](const std::byte* at, std::size_t word) {
    return folded_product(word_at(at) ^ secret[word], word_at(at + 8) ^ secret[word + 1]);
  };
  const std::byte* end = from + length;
  std::uint64_t hash = length * 0x9E3779B185EBCA87;
  if (length > 32) hash += mix(from + 16, 4) + mix(end - 32, 6);
  return avalanche(hash + mix(from, 0) + mix(end - 16, 2));
}

[[gnu::noinline]] inline std::uint64_t hash_any(const std::byte* from, std::size_t length,
                                                const hash_secret& secret) noexcept {
  return XXH3_64bits_withSecret(from, length, secret.data(), sizeof secret);
}

}  // namespace xxh3

/// Of 8 bytes: `flip` is what the secret, or the seed, contributes.
inline std::uint64_t hash_word(std::uint64_t word, std::uint64_t flip) noexcept {
  constexpr std::uint64_t prime = 0x9FB21C651E98DF25;
  std::uint64_t mixed = std::rotl(word, 32) ^ flip;
  mixed ^= std::rotl(mixed, 49) ^ std::rotl(mixed, 24);
  mixed *= prime;
  mixed ^= (mixed >> 35) + sizeof word;
  mixed *= prime;
  return mixed ^ (mixed >> 28);
}

/// What a seed contributes: hash_word(word, seed_flip(seed)) is XXH3_64bits_withSeed of 8 bytes.
/// The constant is of XXH3's own secret.
inline std::uint64_t seed_flip(std::uint64_t seed) noexcept {
  const std::uint64_t swapped = __builtin_bswap32(static_cast<std::uint32_t>(seed));
  return 0xC73AB174C5ECD5A2 - (seed ^ (swapped << 32));
}

/// XXH3_64bits_withSecret.
inline std::uint64_t hash_bytes(const std::byte* from, std::size_t length,
                                const hash_secret& secret) noexcept {
  if (length - 9 < 8) return xxh3::hash_9_to_16(from, length, secret);
  if (length - 17 < 48) return xxh3::hash_17_to_64(from, length, secret);
  if (length == 8) return hash_word(xxh3::word_at(from), secret[1] ^ secret[2]);
  return xxh3::hash_any(from, length, secret);
}

}  // namespace layout_1
}  // namespace twinmap::storage
