// Comes between any two accesses of the calling thread to a stretch of memory.
#pragma once

#include <support/privilege.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace test_support {

#if defined(__x86_64__)
inline constexpr bool can_come_between = !sanitized;
#else
inline constexpr bool can_come_between = false;  // it takes x86's trap flag and breakpoints
#endif

// Before an instruction is executed for the n-th time, from 0.
struct place {
  std::uintptr_t instruction = 0;
  unsigned turn = 0;
};

// The instructions of `body` that touch these pages, in order; each up to `turns` times, with what
// it touched first. The pages are closed, and each that faults is stepped over with them open.
std::vector<place> find_touches(void* base, std::size_t size, unsigned turns,
                                const std::function<void()>& body);

// Runs `body` at full speed, and `then` once, at that place. False if it was not reached. Both
// throw nothing. A body may itself be one of these, with another
// instruction, or be looked through by find_touches.
bool come_between(const place& at, const std::function<void()>& body,
                  const std::function<void()>& then);

}  // namespace test_support
