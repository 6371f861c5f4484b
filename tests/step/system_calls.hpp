// This thread's system calls, of which a handler can be told before they are made: Linux's
// syscall user dispatch. All of it may be called in a signal handler.
#pragma once

namespace step_tests {

class system_calls {
 public:
  // What `syscall` takes: the signal comes when the instruction was passed, and nothing was done.
  static constexpr int instruction_bytes = 2;

  // From now on each system call raises SIGSYS while they are closed, but for the one at the end of
  // a handler, which is at `restorer`: where a handler returns to. False if the kernel cannot.
  static bool tell_of_all(const void* restorer) noexcept;
  static void close() noexcept;
  static void open() noexcept;
};

}  // namespace step_tests
