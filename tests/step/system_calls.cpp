#include "system_calls.hpp"

#include <linux/prctl.h>
#include <sys/prctl.h>

namespace step_tests {
namespace {

// The kernel looks at it before each system call.
constinit volatile char selector = SYSCALL_DISPATCH_FILTER_ALLOW;

// `mov $15, %rax; syscall` in glibc.
constexpr unsigned long restorer_bytes = 16;

}  // namespace

bool system_calls::tell_of_all(const void* restorer) noexcept {
  return ::prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON,
                 reinterpret_cast<unsigned long>(restorer), restorer_bytes, &selector) == 0;
}

void system_calls::close() noexcept {
  selector = SYSCALL_DISPATCH_FILTER_BLOCK;
}

void system_calls::open() noexcept {
  selector = SYSCALL_DISPATCH_FILTER_ALLOW;
}

}  // namespace step_tests
