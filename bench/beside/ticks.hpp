#pragma once

// A clock fine enough for single loads, and the thread's own CPU clock.

#include <cstdint>
#include <ctime>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace bench::beside {

inline std::uint64_t clock_ns(clockid_t clock) noexcept {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

/// Time that this thread ran, in the kernel too. A system call of some hundred nanoseconds.
inline std::uint64_t thread_cpu_ns() noexcept {
  return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

/// Read before what is measured: nothing of it begins earlier. On x86-64 the time stamp counter;
/// elsewhere CLOCK_MONOTONIC, which is coarser for loads of some nanoseconds.
inline std::uint64_t ticks_before() noexcept {
#if defined(__x86_64__)
  _mm_lfence();
  const std::uint64_t now = __rdtsc();
  _mm_lfence();
  return now;
#else
  return clock_ns(CLOCK_MONOTONIC);
#endif
}

/// Read after it: all of it is done.
inline std::uint64_t ticks_after() noexcept {
#if defined(__x86_64__)
  unsigned processor = 0;
  const std::uint64_t now = __rdtscp(&processor);
  _mm_lfence();
  return now;
#else
  return clock_ns(CLOCK_MONOTONIC);
#endif
}

/// What a tick is worth on this machine, and what reading the clocks costs.
struct tick_scale {
  double ns_per_tick = 1;
  std::uint64_t empty = 0;     ///< ticks between `ticks_before` and `ticks_after` round nothing
  std::uint64_t cpu_read = 0;  ///< ticks that a read of the thread's CPU clock takes

  double ns(std::uint64_t ticks) const noexcept { return static_cast<double>(ticks) * ns_per_tick; }
  std::uint64_t ticks(double nanoseconds) const noexcept {
    return static_cast<std::uint64_t>(nanoseconds / ns_per_tick);
  }
};

/// Measures the scale against CLOCK_MONOTONIC; takes some 50 ms.
tick_scale calibrate();

/// Throws if ticks and CLOCK_MONOTONIC have drifted apart by more than a hundredth since the two
/// were read: the counter then says nothing about time on this machine.
class tick_witness {
 public:
  tick_witness() noexcept : wall_(clock_ns(CLOCK_MONOTONIC)), ticks_(ticks_after()) {}
  void check(const tick_scale& scale) const;

 private:
  std::uint64_t wall_;
  std::uint64_t ticks_;
};

}  // namespace bench::beside
