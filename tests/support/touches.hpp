// Comes between any two accesses of the calling thread to a stretch of memory: the stretch is
// closed, each instruction that touches it faults, and is stepped over with it open.
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
// Where that is not so the bodies below are run, and nobody comes.

// Before an instruction is executed for the n-th time, from 0.
struct place {
  std::uintptr_t instruction = 0;
  unsigned turn = 0;
};

// Runs `body`; `before` is called before each instruction of it that touches these pages, and finds
// them open. Once it returns false they stay open. System calls get EFAULT for what is closed.
void watch_accesses(void* base, std::size_t size, const std::function<void()>& body,
                    const std::function<bool(std::uintptr_t instruction)>& before);

// The instructions of `body` that touch these pages, in order; each up to `turns` times, with what
// it touched first.
std::vector<place> find_touches(void* base, std::size_t size, unsigned turns,
                                const std::function<void()>& body);

// Runs `body` at full speed, and `then` once, at that place. False if it was not reached. Both
// throw nothing. A body may itself be one of these, with another instruction, or be looked through
// by find_touches.
bool come_between(const place& at, const std::function<void()>& body,
                  const std::function<void()>& then);

}  // namespace test_support
