#include "mappings.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

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
    read_hex(at);
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

bool mappings::contain(std::uintptr_t address) const noexcept {
  for (std::size_t i = 0; i != count_; ++i)
    if (all_[i].where.contains(address)) return true;
  return false;
}

void mappings::close() noexcept {
  if (closed_) return;
  closed_ = true;
  for (std::size_t i = 0; i != count_; ++i) {
    const range_of_memory& where = all_[i].where;
    if (::mprotect(reinterpret_cast<void*>(where.begin), where.end - where.begin, PROT_NONE) != 0)
      std::abort();
  }
}

void mappings::open() noexcept {
  if (!closed_) return;
  closed_ = false;
  for (std::size_t i = 0; i != count_; ++i) {
    const range_of_memory& where = all_[i].where;
    if (::mprotect(reinterpret_cast<void*>(where.begin), where.end - where.begin,
                   all_[i].protection) != 0)
      std::abort();
  }
}

}  // namespace step_tests
