#include "fence.hpp"

#include <sys/mman.h>
#include <twinmap/platform/huge_pages.hpp>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace garbage_tests {
namespace {

// Offsets are added, never subtracted; roots have the largest, 1 TiB.
constexpr std::size_t before = std::size_t{1} << 32;
constexpr std::size_t behind = (std::size_t{1} << 40) + (std::size_t{1} << 33);
constexpr std::size_t small_change = 1u << 20;

std::byte* reserve(void* at, std::size_t length, int how = 0) {
  void* found =
      ::mmap(at, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | how, -1, 0);
  return found == MAP_FAILED ? nullptr : static_cast<std::byte*>(found);
}

bool reserve_again(std::byte* at, std::size_t length) {
  return length == 0 || reserve(at, length, MAP_FIXED_NOREPLACE) == at;
}

}  // namespace

// The library looks for an address where huge pages can begin, in a gap that is larger by one; the
// kernel may do the same.
fence::fence(std::size_t size)
    : size_(size), room_(size + 4 * twinmap::platform::huge_page_bytes) {}

void fence::build() {
  std::byte* arena = reserve(nullptr, before + room_ + behind);
  if (arena == nullptr) throw std::system_error(errno, std::system_category(), "a fence");
  gap_ = arena + before;
  // What else is mapped meanwhile, pages of a lease, finds this before what is beside the mapping.
  ::munmap(gap_ + room_ + behind - small_change, small_change);
}

bool fence::in_gap(const std::byte* found) const {
  return found >= gap_ && found + size_ <= gap_ + room_;
}

// The kernel takes the highest gap that is large enough: those above ours are filled, for good.
void fence::open() {
  if (!whole_) build();
  whole_ = false;
  ::munmap(gap_, room_);
  const std::size_t as_the_library = size_ + twinmap::platform::huge_page_bytes;
  constexpr int most = 1000;
  for (int i = 0; i != most; ++i) {
    std::byte* found = reserve(nullptr, as_the_library);
    if (!in_gap(found)) continue;
    ::munmap(found, as_the_library);
    return;
  }
}

bool fence::close_around(const void* base) {
  const std::byte* found = static_cast<const std::byte*>(base);
  mapping_ = in_gap(found) ? gap_ + (found - gap_) : nullptr;
  if (mapping_ == nullptr) {
    closed_ = reserve_again(gap_, room_);
    return false;
  }
  std::byte* end = mapping_ + size_;
  closed_ = reserve_again(gap_, static_cast<std::size_t>(mapping_ - gap_)) &&
            reserve_again(end, static_cast<std::size_t>(gap_ + room_ - end));
  return closed_;
}

void fence::shut() {
  whole_ = closed_ && (mapping_ == nullptr || reserve_again(mapping_, size_));
}

}  // namespace garbage_tests
