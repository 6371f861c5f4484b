#include <twinmap/platform/huge_pages.hpp>

#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <cerrno>

namespace twinmap::platform {
namespace {

// Newer than the C library's headers may be.
constexpr int populate_read = 22;   // MADV_POPULATE_READ, Linux 5.14
constexpr int populate_write = 23;  // MADV_POPULATE_WRITE, Linux 5.14
constexpr int collapse = 25;        // MADV_COLLAPSE, Linux 6.1

constexpr long hugetlbfs_magic = 0x958458f6;

std::uint64_t page_of(const struct statfs& found) noexcept {
  return static_cast<long>(found.f_type) == hugetlbfs_magic
             ? static_cast<std::uint64_t>(found.f_bsize)
             : 0;
}

std::uint64_t round_up(std::uint64_t value) noexcept {
  return (value + huge_page_bytes - 1) / huge_page_bytes * huge_page_bytes;
}

// Whether the file has memory there that was written to. Not mincore(2), which the filter of a
// service (@system-service) leaves out. The position that this sets is nobody's.
bool in_use(int file, std::uint64_t offset) noexcept {
  const auto at = static_cast<off_t>(offset);
  return ::lseek(file, at, SEEK_DATA) == at;
}

}  // namespace

std::uint64_t hugetlbfs_page(int file) noexcept {
  struct statfs found;
  return ::fstatfs(file, &found) == 0 ? page_of(found) : 0;
}

std::uint64_t hugetlbfs_page(const std::string& directory) noexcept {
  struct statfs found;
  return ::statfs(directory.c_str(), &found) == 0 ? page_of(found) : 0;
}

std::size_t mapping_unit(int file) noexcept {
  const std::uint64_t huge = hugetlbfs_page(file);
  return static_cast<std::size_t>(huge != 0 ? huge
                                            : static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
}

void* find_aligned_address(std::uint64_t size) noexcept {
  const std::size_t length = size + huge_page_bytes;
  void* found =
      ::mmap(nullptr, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (found == MAP_FAILED) return nullptr;
  ::munmap(found, length);
  return reinterpret_cast<void*>(round_up(reinterpret_cast<std::uintptr_t>(found)));
}

// Three ways at once, and each costs next to nothing where an earlier one has worked. Where the
// mount gives huge pages to who advises them, or to all, writing to the first page brings one. Else
// it brings a small page, which MADV_COLLAPSE makes huge whatever the mount says; an empty range it
// would refuse. What lies in the range is still zero and nobody's, so there is nothing to copy and
// nobody to wait for it. On a kernel without either, nothing has been lost.
void take_huge_pages(int file, std::byte* base, std::uint64_t offset,
                     std::uint64_t length) noexcept {
  const std::uint64_t last = (offset + length) / huge_page_bytes * huge_page_bytes;
  for (std::uint64_t at = round_up(offset); at < last; at += huge_page_bytes) {
    if (in_use(file, at)) continue;
    if (populate(base + at, 1) != 0 || ::madvise(base + at, huge_page_bytes, collapse) != 0) return;
  }
}

void map_page(std::byte* page) noexcept {
  ::madvise(page, 1, populate_read);
}

int populate(std::byte* start, std::uint64_t length) noexcept {
  constexpr int interrupted_attempts = 1000;
  for (int attempt = 0; attempt != interrupted_attempts; ++attempt) {
    if (::madvise(start, length, populate_write) == 0) return 0;
    // EFAULT: touching the pages would have been SIGBUS, which means that there is no memory behind
    // them.
    if (errno == EFAULT) return ENOSPC;
    if (errno != EINTR) return errno;
  }
  return EINTR;
}

}  // namespace twinmap::platform
