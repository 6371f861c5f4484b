#pragma once

// What a map takes in memory.

#include <malloc.h>
#include <unistd.h>

#include <concepts>
#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>

#include "board.hpp"

namespace bench::beside {

/// A contestant that knows how much of its shared memory is in use, and how much of it the system
/// has given.
template <class R>
concept self_weighing = requires(R map) {
  { map.bytes_used() } -> std::convertible_to<std::uint64_t>;
  { map.bytes_resident() } -> std::convertible_to<std::uint64_t>;
};

/// A contestant of two tables, of which the second now and then becomes the first.
template <class R>
concept promoting = requires(const R map) {
  { map.promotions() } -> std::convertible_to<std::uint64_t>;
  { map.complete_tables() } -> std::convertible_to<int>;
};

/// A contestant whose memory comes from an allocator of its own, which says nothing.
template <class R>
concept opaque_memory = R::has_own_allocator;

/// This process's private memory: what malloc has handed out, and what the system has given.
inline weight weight_of_process() {
  const struct mallinfo2 heap = mallinfo2();
  std::ifstream numbers("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  std::uint64_t shared = 0;
  if (!(numbers >> total >> resident >> shared)) {
    throw std::runtime_error("/proc/self/statm cannot be read");
  }
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return {.used = heap.uordblks + heap.hblkhd, .resident = (resident - shared) * page};
}

/// Of a map in private memory this is the whole process: the caller takes off what it was without.
template <class R>
weight weight_of(R& map) {
  if constexpr (self_weighing<R>) {
    weight shared{.used = map.bytes_used(), .resident = map.bytes_resident()};
    if (shared.used > shared.resident) {
      throw std::runtime_error(std::to_string(shared.used) + " bytes in use, " +
                               std::to_string(shared.resident) + " resident");
    }
    if constexpr (promoting<R>) shared.tables = map.complete_tables();
    return shared;
  } else {
    weight all = weight_of_process();
    if constexpr (opaque_memory<R>) all.used = all.resident;
    return all;
  }
}

}  // namespace bench::beside
