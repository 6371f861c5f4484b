#include <exhaustion/failing_calls.hpp>

#include <support/privilege.hpp>

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace exhaustion_test {
namespace {

struct thread_plan {
  bool armed = false;
  bool fails = false;  // else it only counts
  failure what{};
  long nth = 0;
  calls_seen seen{};
  const std::function<void()>* then = nullptr;
};
constinit thread_local thread_plan plan{};
constinit thread_local bool no_nameless_files = false;

// Whether this call is to fail; errno is set then.
[[maybe_unused]] bool is_to_fail(call which) noexcept {
  if (!plan.armed) return false;
  const long seen = ++plan.seen.of[static_cast<std::size_t>(which)];
  if (plan.then != nullptr && plan.what.which == which && seen == plan.nth) {
    plan.armed = false;
    (*std::exchange(plan.then, nullptr))();
    plan.armed = true;
  }
  if (!plan.fails || plan.what.which != which) return false;
  if (plan.what.lasting ? seen < plan.nth : seen != plan.nth) return false;
  plan.seen.failed = true;
  errno = plan.what.error;
  return true;
}

}  // namespace

const bool calls_can_fail = !test_support::sanitized;

const char* name_of(call which) {
  static constexpr const char* names[] = {
      "allocation", "open",  "fallocate",    "ftruncate", "mmap",     "madvise",
      "lock",       "link",  "memfd_create", "pwrite",    "unlink",   "renameat2",
      "fchmod",     "futex", "look at lock", "readdir",   "getrandom"};
  static_assert(std::size(names) == call_count);
  return names[static_cast<std::size_t>(which)];
}

std::string to_string(const failure& what, long nth) {
  std::string text = "call " + std::to_string(nth) + " of " + name_of(what.which);
  if (what.which != call::allocation) text += std::string(": ") + ::strerrorname_np(what.error);
  return text + (what.lasting ? ", and all later ones" : "");
}

void arm(const failure& what, long nth) {
  plan = {.armed = true, .fails = true, .what = what, .nth = nth};
}
void arm_nothing() {
  plan = {.armed = true, .fails = false};
}
void arm_meanwhile(call which, long nth, const std::function<void()>& then) {
  plan = {.armed = true, .what = {.which = which}, .nth = nth, .then = &then};
}
calls_seen disarm() {
  plan.armed = false;
  return plan.seen;
}

void refuse_nameless_files(bool refused) {
  no_nameless_files = refused;
}

}  // namespace exhaustion_test

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define EXHAUSTION_TEST_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define EXHAUSTION_TEST_SANITIZED
#endif
#endif

#if !defined(EXHAUSTION_TEST_SANITIZED)

using exhaustion_test::call;
using exhaustion_test::is_to_fail;

namespace {

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

void* allocate(std::size_t size, std::size_t alignment) {
  if (is_to_fail(call::allocation)) throw std::bad_alloc();
  const std::size_t whole = (size + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, whole == 0 ? alignment : whole);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) {
  return allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

// By their assembler names, so that the headers' declarations do not get in the way.
extern "C" {

int failing_open(const char* path, int flags, ...) __asm__("open");
int failing_open(const char* path, int flags, ...) {
  static auto* const next = real<int(const char*, int, ...)>("open");
  va_list more;
  va_start(more, flags);
  const bool makes = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  const mode_t mode = makes ? va_arg(more, mode_t) : 0;
  va_end(more);
  if (is_to_fail(call::open)) return -1;
  if (exhaustion_test::no_nameless_files && (flags & O_TMPFILE) == O_TMPFILE) {
    errno = EOPNOTSUPP;
    return -1;
  }
  return next(path, flags, mode);
}

int failing_fallocate(int file, int mode, off_t offset, off_t length) __asm__("fallocate");
int failing_fallocate(int file, int mode, off_t offset, off_t length) {
  static auto* const next = real<int(int, int, off_t, off_t)>("fallocate");
  return is_to_fail(call::fallocate) ? -1 : next(file, mode, offset, length);
}

int failing_ftruncate(int file, off_t length) __asm__("ftruncate");
int failing_ftruncate(int file, off_t length) {
  static auto* const next = real<int(int, off_t)>("ftruncate");
  return is_to_fail(call::ftruncate) ? -1 : next(file, length);
}

void* failing_mmap(void* where, std::size_t length, int protection, int flags, int file,
                   off_t offset) __asm__("mmap");
void* failing_mmap(void* where, std::size_t length, int protection, int flags, int file,
                   off_t offset) {
  static auto* const next = real<void*(void*, std::size_t, int, int, int, off_t)>("mmap");
  if (is_to_fail(call::mmap)) return reinterpret_cast<void*>(-1);
  return next(where, length, protection, flags, file, offset);
}

int failing_madvise(void* where, std::size_t length, int advice) __asm__("madvise");
int failing_madvise(void* where, std::size_t length, int advice) {
  static auto* const next = real<int(void*, std::size_t, int)>("madvise");
  return is_to_fail(call::madvise) ? -1 : next(where, length, advice);
}

int failing_fcntl(int file, int command, ...) __asm__("fcntl");
int failing_fcntl(int file, int command, ...) {
  static auto* const next = real<int(int, int, ...)>("fcntl");
  va_list more;
  va_start(more, command);
  void* const argument = va_arg(more, void*);
  va_end(more);
  if (command == F_OFD_SETLK && static_cast<const struct flock*>(argument)->l_type != F_UNLCK &&
      is_to_fail(call::lock))
    return -1;
  if (command == F_OFD_GETLK && is_to_fail(call::look_at_lock)) return -1;
  return next(file, command, argument);
}

int failing_linkat(int from, const char* path, int to, const char* name,
                   int flags) __asm__("linkat");
int failing_linkat(int from, const char* path, int to, const char* name, int flags) {
  static auto* const next = real<int(int, const char*, int, const char*, int)>("linkat");
  return is_to_fail(call::link) ? -1 : next(from, path, to, name, flags);
}

int failing_link(const char* path, const char* name) __asm__("link");
int failing_link(const char* path, const char* name) {
  static auto* const next = real<int(const char*, const char*)>("link");
  return is_to_fail(call::link) ? -1 : next(path, name);
}

int failing_memfd_create(const char* name, unsigned flags) __asm__("memfd_create");
int failing_memfd_create(const char* name, unsigned flags) {
  static auto* const next = real<int(const char*, unsigned)>("memfd_create");
  return is_to_fail(call::memory_file) ? -1 : next(name, flags);
}

ssize_t failing_pwrite(int file, const void* from, std::size_t length,
                       off_t offset) __asm__("pwrite");
ssize_t failing_pwrite(int file, const void* from, std::size_t length, off_t offset) {
  static auto* const next = real<ssize_t(int, const void*, std::size_t, off_t)>("pwrite");
  return is_to_fail(call::write) ? -1 : next(file, from, length, offset);
}

int failing_unlink(const char* path) __asm__("unlink");
int failing_unlink(const char* path) {
  static auto* const next = real<int(const char*)>("unlink");
  return is_to_fail(call::unlink) ? -1 : next(path);
}

int failing_rename(int from, const char* path, int to, const char* name,
                   unsigned flags) __asm__("renameat2");
int failing_rename(int from, const char* path, int to, const char* name, unsigned flags) {
  static auto* const next = real<int(int, const char*, int, const char*, unsigned)>("renameat2");
  return is_to_fail(call::rename) ? -1 : next(from, path, to, name, flags);
}

int failing_fchmod(int file, mode_t mode) __asm__("fchmod");
int failing_fchmod(int file, mode_t mode) {
  static auto* const next = real<int(int, mode_t)>("fchmod");
  return is_to_fail(call::change_mode) ? -1 : next(file, mode);
}

ssize_t failing_getrandom(void* to, std::size_t length, unsigned flags) __asm__("getrandom");
ssize_t failing_getrandom(void* to, std::size_t length, unsigned flags) {
  static auto* const next = real<ssize_t(void*, std::size_t, unsigned)>("getrandom");
  return is_to_fail(call::random) ? -1 : next(to, length, flags);
}

dirent* failing_readdir(DIR* directory) __asm__("readdir");
dirent* failing_readdir(DIR* directory) {
  static auto* const next = real<dirent*(DIR*)>("readdir");
  return is_to_fail(call::readdir) ? nullptr : next(directory);
}

long failing_syscall(long number, ...) __asm__("syscall");
long failing_syscall(long number, ...) {
  static auto* const next = real<long(long, ...)>("syscall");
  va_list more;
  va_start(more, number);
  std::array<long, 6> with{};
  for (long& one : with)
    one = va_arg(more, long);
  va_end(more);
  if (number == SYS_futex && is_to_fail(call::futex)) return -1;
  return next(number, with[0], with[1], with[2], with[3], with[4], with[5]);
}

}  // extern "C"

#endif
