// The time-stamp counter, which all processors of a machine share: one process's return and
// another's invocation can be compared.
#pragma once

#include <cstdint>

namespace linearizability {

// What stands before it in the program has been executed, and its loads have been answered; what
// stands after it has not begun. A store may still be on its way to the others: a map whose stores
// take effect only then, after their return, is one that the checker shall reject.
inline std::uint64_t stamp() noexcept {
#if defined(__x86_64__)
  std::uint32_t low;
  std::uint32_t high;
  asm volatile("rdtscp\n\tlfence" : "=a"(low), "=d"(high) : : "rcx", "memory");
  return (std::uint64_t{high} << 32) | low;
#else
  std::uint64_t ticks;
  asm volatile("dsb ish\n\tisb\n\tmrs %0, cntvct_el0\n\tisb" : "=r"(ticks) : : "memory");
  return ticks;
#endif
}

}  // namespace linearizability
