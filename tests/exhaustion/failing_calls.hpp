// Lets the n-th allocation, or the n-th system call of a kind, of the calling thread fail, or has
// something done before it. This
// executable has functions of its own in the place of operator new and of the C library's.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <string>

namespace exhaustion_test {

enum class call : unsigned {
  allocation,  // operator new: std::bad_alloc
  open,
  fallocate,
  ftruncate,
  mmap,
  madvise,
  lock,  // fcntl(F_OFD_SETLK)
  link,  // linkat, link
  memory_file,
  write,  // pwrite
  unlink,
  rename,       // renameat2
  change_mode,  // fchmod
  futex,
  look_at_lock,  // fcntl(F_OFD_GETLK)
  readdir,
  random,  // getrandom
  count_
};
inline constexpr std::size_t call_count = static_cast<std::size_t>(call::count_);
const char* name_of(call which);

// False in an executable with a sanitizer, which has its own functions in those places.
extern const bool calls_can_fail;

struct failure {
  call which;
  int error = 0;         // errno; means nothing for an allocation
  bool lasting = false;  // all calls of the kind from the n-th on, not that one alone
};
std::string to_string(const failure& what, long nth);

// Counts the calls of this thread until it is disarmed, and lets the n-th of the kind fail.
void arm(const failure& what, long nth);
// Only counts.
void arm_nothing();
struct calls_seen {
  std::array<long, call_count> of{};
  bool failed = false;  // one was made to fail
};
calls_seen disarm();

// `then` is done once, right before the n-th call of the kind by this thread: what others do
// between two calls. Until it is disarmed; the function must live as long.
void arm_meanwhile(call which, long nth, const std::function<void()>& then);

// Whether open(O_TMPFILE) is refused in this thread, as some file systems do.
void refuse_nameless_files(bool refused);

}  // namespace exhaustion_test
