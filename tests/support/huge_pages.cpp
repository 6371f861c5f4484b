#include <support/huge_pages.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace test_support {
namespace {

constexpr std::size_t huge_page = 2u << 20;
constexpr const char* pool_file = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";

std::size_t pool_size() {
  std::size_t pages = 0;
  std::ifstream(pool_file) >> pages;
  return pages;
}

void set_pool_size(std::size_t pages) {
  std::ofstream(pool_file) << pages;
}

// errno of collapsing one huge page of a nameless shared file; 0 if that works.
int try_collapse() {
  constexpr int collapse = 25;  // MADV_COLLAPSE
  const int file = ::memfd_create("huge", MFD_CLOEXEC);
  if (file < 0 || ::ftruncate(file, 2 * huge_page) != 0) return errno;
  void* memory = ::mmap(nullptr, 2 * huge_page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const auto aligned =
      (reinterpret_cast<std::uintptr_t>(memory) + huge_page - 1) / huge_page * huge_page;
  void* const start = ::mmap(reinterpret_cast<void*>(aligned), huge_page, PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_FIXED, file, 0);
  ::close(file);
  if (start == MAP_FAILED) return errno;
  std::memset(start, 1, 1);
  const int result = ::madvise(start, huge_page, collapse) == 0 ? 0 : errno;
  ::munmap(memory, 2 * huge_page);
  return result;
}

}  // namespace

std::string why_no_huge_pages() {
  const int error = try_collapse();
  return error == 0 ? std::string()
                    : std::string("this system makes no huge pages: ") + std::strerror(error);
}

std::uint64_t huge_bytes_around(const void* memory) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(memory);
  std::ifstream smaps("/proc/self/smaps");
  bool inside = false;
  std::uint64_t bytes = 0;
  for (std::string line; std::getline(smaps, line);) {
    std::istringstream words(line);
    std::uintptr_t from = 0;
    std::uintptr_t to = 0;
    char dash = 0;
    if (words >> std::hex >> from >> dash >> to && dash == '-') {
      inside = from <= wanted && wanted < to;
      continue;
    }
    std::istringstream field(line);
    std::string name;
    std::uint64_t kibibytes = 0;
    if (inside && field >> name >> kibibytes &&
        (name == "ShmemPmdMapped:" || name.ends_with("_Hugetlb:")))
      bytes += kibibytes << 10;
  }
  return bytes;
}

huge_page_pool::huge_page_pool(std::size_t pages) : before_(pool_size()) {
  set_pool_size(before_ + pages);
  if (const std::size_t now = pool_size(); now < before_ + pages)
    why_not_ = "the pool of huge pages has " + std::to_string(now) + " instead of " +
               std::to_string(before_ + pages) + " pages";
}

huge_page_pool::~huge_page_pool() {
  set_pool_size(before_);
}

}  // namespace test_support
