// Before each access of the calling thread to a stretch of memory: the stretch is closed, each
// instruction that touches it faults, and is stepped over with it open.
#pragma once

#include <support/privilege.hpp>

#include <cstddef>
#include <functional>

namespace test_support {

#if defined(__x86_64__)
inline constexpr bool accesses_are_seen = !sanitized;
#else
inline constexpr bool accesses_are_seen = false;  // it takes x86's trap flag
#endif

// Runs `body`; `before` is called before each of its accesses to these pages, which it finds open.
// Once it returns false they stay open. System calls get EFAULT for what is closed.
void watch_accesses(void* base, std::size_t size, const std::function<void()>& body,
                    const std::function<bool()>& before);

}  // namespace test_support
