#pragma once

// The 16-byte compare-and-swap itself, for the few places of the compiled library where a call
// would be felt. All others take `compare_exchange` of atomic.hpp. Not for headers that users'
// programs include.

#include <twinmap/platform/atomic.hpp>

#if defined(TWINMAP_THREAD_SANITIZER)
#include <sanitizer/tsan_interface.h>
#endif

#if !defined(__x86_64__) && !defined(__aarch64__)
#error "twinmap needs a 16-byte compare-and-swap: x86-64 (cmpxchg16b) or AArch64"
#endif

namespace twinmap::platform {

#if defined(__x86_64__)

// The instruction itself, not the compiler's builtin: g++ turns that into a call that may take a
// private lock, and so does the thread sanitizer's runtime. Either would be no protection against
// another process.
inline bool swap_pair(atomic_pair& target, pair_value expected, pair_value desired) noexcept {
  bool swapped;
  __asm__ __volatile__("lock cmpxchg16b %[target]"
                       : "=@ccz"(swapped), [target] "+m"(target), "+a"(expected.first),
                         "+d"(expected.second)
                       : "b"(desired.first), "c"(desired.second)
                       : "memory");
  return swapped;
}

#else

// A load of the pair is one atomic access only if the store that follows succeeds, so a mismatch is
// written back too. One block of assembly: between the two halves the compiler must not touch
// memory.
inline bool swap_pair(atomic_pair& target, pair_value expected, pair_value desired) noexcept {
  std::uint64_t first;
  std::uint64_t second;
  std::uint32_t failed;
  std::uint32_t equal;
  __asm__ __volatile__(
      "1: ldaxp %[first], %[second], %[target]\n"
      "   cmp   %[first], %[expected_first]\n"
      "   ccmp  %[second], %[expected_second], #0, eq\n"
      "   cset  %w[equal], eq\n"
      "   csel  %[first], %[desired_first], %[first], eq\n"
      "   csel  %[second], %[desired_second], %[second], eq\n"
      "   stlxp %w[failed], %[first], %[second], %[target]\n"
      "   cbnz  %w[failed], 1b\n"
      : [target] "+Q"(target), [first] "=&r"(first), [second] "=&r"(second), [failed] "=&r"(failed),
        [equal] "=&r"(equal)
      : [expected_first] "r"(expected.first), [expected_second] "r"(expected.second),
        [desired_first] "r"(desired.first), [desired_second] "r"(desired.second)
      : "cc", "memory");
  return equal != 0;
}

#endif

// (A1) of atomic.hpp.
inline bool compare_exchange_inlined(atomic_pair& target, pair_value expected,
                                     pair_value desired) noexcept {
#if defined(TWINMAP_THREAD_SANITIZER)
  // The sanitizer does not see the instruction; these tell it of the order that the instruction
  // gives.
  __tsan_release(&target.first);
  __tsan_release(&target.second);
#endif
  const bool swapped = swap_pair(target, expected, desired);  // (A1)
#if defined(TWINMAP_THREAD_SANITIZER)
  __tsan_acquire(&target.first);
  __tsan_acquire(&target.second);
#endif
  return swapped;
}

}  // namespace twinmap::platform
