#include "mappings.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace step_tests {
namespace {

std::uint64_t read_hex(const char*& at) noexcept {
  std::uint64_t number = 0;
  for (;; ++at) {
    const char digit = *at;
    if (digit >= '0' && digit <= '9')
      number = number * 16 + static_cast<std::uint64_t>(digit - '0');
    else if (digit >= 'a' && digit <= 'f')
      number = number * 16 + static_cast<std::uint64_t>(digit - 'a' + 10);
    else
      return number;
  }
}

// The whole of /proc/self/maps, and a zero behind it.
const char* read_maps() noexcept {
  static char text[1u << 18];
  const int file = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (file < 0) std::abort();
  std::size_t length = 0;
  for (;;) {
    const ssize_t got = ::read(file, text + length, sizeof text - 1 - length);
    if (got < 0 || length + 1 == sizeof text) std::abort();
    if (got == 0) break;
    length += static_cast<std::size_t>(got);
  }
  ::close(file);
  text[length] = '\0';
  return text;
}

constexpr std::uintptr_t page_bytes = 4096;

void protect(range_of_memory where, int protection) noexcept {
  if (::mprotect(reinterpret_cast<void*>(where.begin), where.end - where.begin, protection) != 0)
    std::abort();
}

}  // namespace

void mappings::add(mapping found) noexcept {
  if (count_ == all_.size()) std::abort();
  all_[count_++] = found;
}

// A line: BEGIN-END rwxs OFFSET MAJOR:MINOR INODE PATH
void mappings::find(dev_t of, range_of_memory but) noexcept {
  count_ = 0;
  for (const char* at = read_maps(); *at != '\0'; ++at) {
    mapping found;
    found.where.begin = read_hex(at);
    ++at;
    found.where.end = read_hex(at);
    ++at;
    found.protection = (at[0] == 'r' ? PROT_READ : 0) | (at[1] == 'w' ? PROT_WRITE : 0);
    const bool shared = at[3] == 's';
    at += 5;
    found.offset = read_hex(at);
    ++at;
    const std::uint64_t major_number = read_hex(at);
    ++at;
    const std::uint64_t minor_number = read_hex(at);
    if (shared && (found.protection & PROT_READ) != 0 && major_number == major(of) &&
        minor_number == minor(of) && !but.contains(found.where.begin))
      add(found);
    while (*at != '\n')
      ++at;
  }
}

const mappings::mapping* mappings::of(std::uintptr_t page) const noexcept {
  for (std::size_t i = 0; i != count_; ++i)
    if (all_[i].where.contains(page)) return &all_[i];
  return nullptr;
}

void mappings::close() noexcept {
  if (!closed_)
    for (std::size_t i = 0; i != count_; ++i)
      protect(all_[i].where, PROT_NONE);
  while (open_count_ != 0)
    protect_page(open_pages_[--open_count_], PROT_NONE);
  closed_ = true;
  only_closed_ = 0;
}

void mappings::open() noexcept {
  if (only_closed_ != 0) protect_page(only_closed_, of(only_closed_)->protection);
  only_closed_ = 0;
  if (!closed_) return;
  closed_ = false;
  open_count_ = 0;
  for (std::size_t i = 0; i != count_; ++i)
    protect(all_[i].where, all_[i].protection);
}

bool mappings::open_page(std::uintptr_t address) noexcept {
  const std::uintptr_t page = address - address % page_bytes;
  if (!closed_) {
    if (only_closed_ == 0 || only_closed_ != page) return false;
    open();
    return true;
  }
  const mapping* const found = of(page);
  const auto end = open_pages_.begin() + static_cast<std::ptrdiff_t>(open_count_);
  if (found == nullptr || std::find(open_pages_.begin(), end, page) != end ||
      open_count_ == open_pages_.size())
    return false;
  open_pages_[open_count_++] = page;
  protect_page(page, found->protection);
  return true;
}

void mappings::close_only(std::uintptr_t page) noexcept {
  open();
  only_closed_ = page;
  protect_page(page, PROT_NONE);
}

std::optional<std::uintptr_t> mappings::page_at(std::uint64_t offset,
                                                const mappings& before) const noexcept {
  std::optional<std::uintptr_t> found;
  for (std::size_t i = 0; i != count_; ++i) {
    const auto& [where, protection, begin] = all_[i];
    const bool has_it = begin <= offset && offset - begin < where.end - where.begin;
    if (!has_it || before.of(where.begin) != nullptr) continue;
    if (found) return std::nullopt;
    found = where.begin + (offset - begin);
  }
  return found;
}

std::optional<std::uint64_t> mappings::offset_of(std::uintptr_t page,
                                                 const mappings& before) const noexcept {
  const mapping* const found = of(page);
  if (found == nullptr) return std::nullopt;
  const std::uint64_t offset = found->offset + (page - found->where.begin);
  return page_at(offset, before) == page ? std::optional(offset) : std::nullopt;
}

void mappings::protect_page(std::uintptr_t page, int protection) const noexcept {
  protect({page, page + page_bytes}, protection);
}

}  // namespace step_tests
