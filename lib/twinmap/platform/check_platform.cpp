#include <twinmap/platform/descriptor.hpp>
#include <twinmap/platform/ofd_lock.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <cerrno>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace twinmap::platform {
namespace {

constexpr long smallest_page = 4096;
constexpr long largest_page = 65536;

[[noreturn]] void lacking(const std::string& map, const std::string& what) {
  raise(errc::unsupported_platform, map, what);
}

void check_processor(const std::string& map) {
#if defined(__x86_64__)
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_CMPXCHG16B) == 0) {
    lacking(map, "the processor has no cmpxchg16b");
  }
#else
  static_cast<void>(map);  // every AArch64 processor has ldaxp and stlxp
#endif
}

void check_page_size(const std::string& map) {
  const long page = ::sysconf(_SC_PAGESIZE);
  if (page < smallest_page || page > largest_page) {
    lacking(map, "pages of " + std::to_string(page) + " bytes: 4 KiB to 64 KiB are supported");
  }
}

// Some kernels and sandboxes accept these calls and do not do what they say, so they are seen at
// work.
void check_locks(const std::string& map) {
  const unique_descriptor file(::memfd_create("twinmap-check", MFD_CLOEXEC));
  if (!file) raise_system(errno, map, "cannot examine the platform");
  if (!try_lock_byte(file.get(), 1)) {
    if (errno == ENOLCK) raise_system(errno, map, "cannot examine the platform");
    lacking(map, "the kernel has no locks of open file descriptions");
  }
  const std::string self = "/proc/self/fd/" + std::to_string(file.get());
  const unique_descriptor other(::open(self.c_str(), O_RDWR | O_CLOEXEC));
  if (other && byte_is_locked(other.get(), 1) != 1) {
    lacking(map, "the kernel does not tell of locks of open file descriptions");
  }
}

void check_fork_advice(const std::string& map) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* memory = ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) raise_system(errno, map, "cannot examine the platform");
  // EINVAL alone says that there is no such advice.
  const int wipes = ::madvise(memory, page, MADV_WIPEONFORK) == 0 ? 0 : errno;
  const int withholds = ::madvise(memory, page, MADV_DONTFORK) == 0 ? 0 : errno;
  ::munmap(memory, page);
  if (wipes == EINVAL) lacking(map, "the kernel has no MADV_WIPEONFORK (Linux 4.14)");
  if (withholds == EINVAL) lacking(map, "the kernel has no MADV_DONTFORK");
  const int failure = wipes != 0 ? wipes : withholds;
  if (failure != 0) raise_system(failure, map, "cannot examine the platform");
}

}  // namespace

void check_platform(const std::string& map) {
  check_processor(map);
  check_page_size(map);
  check_locks(map);
  check_fork_advice(map);
}

}  // namespace twinmap::platform
