#pragma once

// Go's own benchmarks of sync.Map (sync/map_bench_test.go), by name and meaning, asked of a
// twinmap. go/golist asks Go the same with the same numbers; its test compares the two lists.
//
// Go numbers the iterations of a benchmark by an i that no two goroutines share. Here they come in
// passes of a fixed length. What inserts without bound is recycled: the map is emptied before each
// pass and prepared anew, untimed, and so begins small again, as Go's does in each run.

#include <twinmap/map.hpp>

#include <cstdint>
#include <optional>
#include <span>

namespace bench::go_list {

using table = twinmap::map<std::uint64_t, std::uint64_t>;

/// Iterations after which a benchmark that mostly hits, or mostly misses, comes back to its keys.
inline constexpr std::uint64_t period = 1 << 10;

/// Keys that stand, where a benchmark asks for as many in turn that do not.
inline constexpr std::uint64_t standing = 128;

/// The iterations of one worker in one pass: i = first … end-1. No two passes or workers share an
/// i, and all are above 2^40, so that a key i is never one that was prepared.
struct stretch {
  std::uint64_t first;
  std::uint64_t count;
  bool alone;  ///< nobody else is at the map: every answer is certain

  std::uint64_t end() const noexcept { return first + count; }
};

struct tally {
  std::uint64_t wrong = 0;  ///< answers that differ from what the map must say
  std::uint64_t added = 0;  ///< keys inserted less keys erased, modulo 2^64
};

/// How many keys a pass leaves.
struct remainder {
  std::uint64_t fewest;
  std::uint64_t most;
};

/// One benchmark of the list.
struct item {
  const char* name;
  std::uint64_t iterations;  ///< of each worker in a pass
  bool recycled = false;     ///< inserts without bound
  std::uint64_t keys = 0;    ///< 0 … keys-1 stand at the start, each under itself
  bool primed = false;       ///< and are looked up until they are read
  /// Where it does not follow from what the workers say that they have added.
  std::optional<remainder> left = std::nullopt;
  tally (*work)(table& map, const stretch& part) = nullptr;
};

std::span<const item> loads();
std::span<const item> deletes();
std::span<const item> whole_maps();
std::span<const item> swaps();
std::span<const item> compares();

}  // namespace bench::go_list
