#pragma once

// The few atomic primitives that the C++ library does not offer. Everything that lives in the
// segment is reached through std::atomic, std::atomic_ref or these.
//
// Ordered accesses. Each of these has a number of its own where it is called, which says what it is
// good for there:
//   (A1) seq_cst read-modify-write of both halves of a pair (swap_pair.hpp): with (A2) of
//        protocol/slots.cpp, (A3) of storage/block_allocator.hpp and (W4) of protocol/walk.hpp,
//        who load its halves apart
//   (A4) every acquire fence: with (A5)
//   (A5) every release fence: with (A4)
//   (A6) seq_cst load, compared in one instruction: with nothing but what its caller says

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace twinmap::platform {

static_assert(std::endian::native == std::endian::little, "the segment's format is little-endian");
static_assert(std::atomic<std::uint64_t>::is_always_lock_free &&
              std::atomic<std::uint32_t>::is_always_lock_free);

#if defined(__SANITIZE_THREAD__)
#define TWINMAP_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TWINMAP_THREAD_SANITIZER 1
#endif
#endif

/// Orders earlier loads before everything after it. g++ refuses std::atomic_thread_fence under its
/// thread sanitizer, so fences go through these two wrappers.
inline void acquire_fence() noexcept {
#if defined(TWINMAP_THREAD_SANITIZER) && !defined(__clang__)
  __asm__ __volatile__("" ::: "memory");
#else
  std::atomic_thread_fence(std::memory_order_acquire);  // (A4)
#endif
}

/// Orders everything before it before later stores.
inline void release_fence() noexcept {
#if defined(TWINMAP_THREAD_SANITIZER) && !defined(__clang__)
  __asm__ __volatile__("" ::: "memory");
#else
  std::atomic_thread_fence(std::memory_order_release);  // (A5)
#endif
}

/// A spin loop's hint to the other hardware thread.
inline void spin_pause() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("isb" ::: "memory");
#endif
}

/// Adds to a counter that only the calling thread changes and others read. One instruction on
/// x86, where compilers make three of a relaxed load and store.
inline void count_up(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) noexcept {
#if defined(__x86_64__) && !defined(TWINMAP_THREAD_SANITIZER)
  __asm__("{addq %1, %0|add %0, %1}" : "+m"(counter) : "er"(by) : "cc");
#else
  counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
#endif
}

/// Whether `cell` holds `value` now; a seq_cst load. One instruction on x86, where compilers keep
/// the load of an atomic apart from the comparison.
inline bool holds(const std::atomic<std::uint64_t>& cell, std::uint64_t value) noexcept {
#if defined(__x86_64__) && !defined(TWINMAP_THREAD_SANITIZER)
  bool equal;
  __asm__ __volatile__("{cmpq %2, %1|cmp %1, %2}" : "=@cce"(equal) : "m"(cell), "r"(value));
  return equal;
#else
  return cell.load(std::memory_order_seq_cst) == value;  // (A6)
#endif
}

/// Whether `cell` holds more than `value` now; likewise.
inline bool holds_more(const std::atomic<std::uint64_t>& cell, std::uint64_t value) noexcept {
#if defined(__x86_64__) && !defined(TWINMAP_THREAD_SANITIZER)
  bool more;
  __asm__ __volatile__("{cmpq %2, %1|cmp %1, %2}" : "=@cca"(more) : "m"(cell), "r"(value));
  return more;
#else
  return cell.load(std::memory_order_seq_cst) > value;   // (A6)
#endif
}

/// Two 8-byte words that change only together, by `compare_exchange`. Stored in shared memory.
/// Readers load the two halves separately and validate: a 16-byte atomic load is itself a write on
/// x86 and faults on a read-only page.
struct alignas(16) atomic_pair {
  std::atomic<std::uint64_t> first;
  std::atomic<std::uint64_t> second;
};
static_assert(sizeof(atomic_pair) == 16);

struct pair_value {
  std::uint64_t first;
  std::uint64_t second;
  friend bool operator==(const pair_value&, const pair_value&) = default;
};

/// 16-byte compare-and-swap, sequentially consistent. True if `expected` stood there and `desired`
/// stands there now. Defined in the compiled library, so that users need no compiler flag.
bool compare_exchange(atomic_pair& target, pair_value expected, pair_value desired) noexcept;

}  // namespace twinmap::platform
