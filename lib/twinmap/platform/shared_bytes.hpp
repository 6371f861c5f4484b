#pragma once

// Bytes in shared memory, copied and compared while others may change them. Each aligned 8 bytes
// are read or written as one: what a racing writer leaves is some of its words and some of those
// before, which is no data race, and which the caller's second look finds out.
//
// Two words go at once where the processor has a move of 16 bytes: half the instructions, and as
// much a cycle as memcpy. Such a move as a whole is not atomic; each of its 8-byte halves is, since
// it is aligned and so lies in one cache line. (That no processor splits a half is what every
// compiler's vectorised copy of pointers relies on.) The thread sanitizer is shown single words.

#include <twinmap/platform/atomic.hpp>

#include <cstring>

#if defined(__SSE2__) && !defined(TWINMAP_THREAD_SANITIZER) && !defined(TWINMAP_NO_SIMD)
#define TWINMAP_SIMD_BYTES 1
#include <emmintrin.h>
#endif

namespace twinmap::platform {

#if defined(TWINMAP_SIMD_BYTES)

using two_words = __m128i;

inline two_words load_two(const std::byte* from) noexcept {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}
inline void store_two(std::byte* to, two_words words) noexcept {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), words);
}
inline two_words load_two_shared(const std::byte* from) noexcept {
  return load_two(from);
}
inline void store_two_shared(std::byte* to, two_words words) noexcept {
  store_two(to, words);
}
inline bool equal_two(two_words a, two_words b) noexcept {
  return _mm_movemask_epi8(_mm_cmpeq_epi8(a, b)) == 0xFFFF;
}

#else

struct two_words {
  std::uint64_t first;
  std::uint64_t second;
};

inline two_words load_two(const std::byte* from) noexcept {
  two_words words;
  std::memcpy(&words, from, sizeof words);
  return words;
}
inline void store_two(std::byte* to, two_words words) noexcept {
  std::memcpy(to, &words, sizeof words);
}
inline two_words load_two_shared(const std::byte* from) noexcept {
  const auto* words = reinterpret_cast<const std::uint64_t*>(from);
  return {__atomic_load_n(words, __ATOMIC_RELAXED), __atomic_load_n(words + 1, __ATOMIC_RELAXED)};
}
inline void store_two_shared(std::byte* to, two_words words) noexcept {
  auto* cells = reinterpret_cast<std::uint64_t*>(to);
  __atomic_store_n(cells, words.first, __ATOMIC_RELAXED);
  __atomic_store_n(cells + 1, words.second, __ATOMIC_RELAXED);
}
inline bool equal_two(two_words a, two_words b) noexcept {
  return a.first == b.first && a.second == b.second;
}

#endif

inline std::uint64_t load_word_shared(const std::byte* from) noexcept {
  return __atomic_load_n(reinterpret_cast<const std::uint64_t*>(from), __ATOMIC_RELAXED);
}
inline void store_word_shared(std::byte* to, std::uint64_t word) noexcept {
  __atomic_store_n(reinterpret_cast<std::uint64_t*>(to), word, __ATOMIC_RELAXED);
}

// A part of a word in private memory, 1 to 8 bytes. By moves that overlap: a memcpy whose length is
// not known is a call.

/// Those bytes as the low ones of a word, the others zero.
inline std::uint64_t load_part(const std::byte* from, std::size_t count) noexcept {
  const auto byte = [from](std::size_t i) { return std::to_integer<std::uint64_t>(from[i]); };
  if (count < 4)
    return byte(0) | (byte(count / 2) << (8 * (count / 2))) |
           (byte(count - 1) << (8 * (count - 1)));
  std::uint32_t low;
  std::uint32_t high;
  std::memcpy(&low, from, sizeof low);
  std::memcpy(&high, from + (count - sizeof high), sizeof high);
  return low | (std::uint64_t{high} << (8 * (count - sizeof high)));
}

/// Writes the low bytes of a word there, and nothing behind them.
inline void store_part(std::byte* to, std::uint64_t word, std::size_t count) noexcept {
  if (count < 4) {
    to[0] = static_cast<std::byte>(word);
    to[count / 2] = static_cast<std::byte>(word >> (8 * (count / 2)));
    to[count - 1] = static_cast<std::byte>(word >> (8 * (count - 1)));
    return;
  }
  const auto low = static_cast<std::uint32_t>(word);
  const auto high = static_cast<std::uint32_t>(word >> (8 * (count - sizeof low)));
  std::memcpy(to, &low, sizeof low);
  std::memcpy(to + (count - sizeof high), &high, sizeof high);
}

/// Calls `two(at)` for each 16 bytes of `length`, four times a turn while that is possible, then
/// `one(at)` for a word, then `tail(at, count)` for what is left.
template <class Two, class One, class Tail>
[[gnu::always_inline]] inline void for_words(std::size_t length, Two two, One one, Tail tail) {
  std::size_t at = 0;
  for (; length - at >= 64; at += 64) {
    two(at);
    two(at + 16);
    two(at + 32);
    two(at + 48);
  }
  for (; length - at >= 16; at += 16)
    two(at);
  if ((length & 8) != 0) {
    one(at);
    at += 8;
  }
  if (const std::size_t count = length & 7; count != 0) tail(at, count);
}

/// Copies `length` bytes out of shared memory. `from` is 8-byte aligned, and the segment holds it
/// up to the next multiple of 8; `to` is private.
inline void copy_out(std::byte* to, const std::byte* from, std::size_t length) noexcept {
  for_words(
      length, [=](std::size_t at) { store_two(to + at, load_two_shared(from + at)); },
      [=](std::size_t at) {
        const std::uint64_t word = load_word_shared(from + at);
        std::memcpy(to + at, &word, sizeof word);
      },
      [=](std::size_t at, std::size_t count) {
        store_part(to + at, load_word_shared(from + at), count);
      });
}

/// Copies `length` private bytes into shared memory; the bytes up to the next multiple of 8 become
/// zero.
inline void copy_in(std::byte* to, const std::byte* from, std::size_t length) noexcept {
  for_words(
      length, [=](std::size_t at) { store_two_shared(to + at, load_two(from + at)); },
      [=](std::size_t at) {
        std::uint64_t word;
        std::memcpy(&word, from + at, sizeof word);
        store_word_shared(to + at, word);
      },
      [=](std::size_t at, std::size_t count) {
        store_word_shared(to + at, load_part(from + at, count));
      });
}

/// Whether `length` bytes in shared memory equal private ones; both rules of `copy_out` apply.
inline bool equal_bytes(const std::byte* shared, const std::byte* mine,
                        std::size_t length) noexcept {
  std::size_t at = 0;
  for (; length - at >= 16; at += 16)
    if (!equal_two(load_two_shared(shared + at), load_two(mine + at))) return false;
  if ((length & 8) != 0) {
    std::uint64_t word;
    std::memcpy(&word, mine + at, sizeof word);
    if (load_word_shared(shared + at) != word) return false;
    at += 8;
  }
  const std::size_t count = length & 7;
  if (count == 0) return true;
  const std::uint64_t differs = load_word_shared(shared + at) ^ load_part(mine + at, count);
  return differs << (64 - 8 * count) == 0;
}

}  // namespace twinmap::platform
