// Is there one order of a key's operations that explains every answer and keeps the order in time?
//
// The algorithm is Wing and Gong's search ("Testing and Verifying Concurrent Objects", 1993) with
// Lowe's memory of what has been tried ("Testing for linearizability", 2017). One key at a time is
// enough: a history is linearizable if and only if its part on each object is (Herlihy and Wing,
// 1990), which Horn and Kroening made the base of fast checkers ("Faster linearizability checking
// via P-compositionality", 2015).
#pragma once

#include "operation.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace linearizability {

enum class verdict : std::uint8_t {
  linearizable,
  violation,
  undecided  // the bound on the work was met
};

struct judgement {
  verdict result = verdict::linearizable;
  std::uint64_t configurations = 0;  // looked at
  // For a violation: the return that the order which got farthest could not pass.
  std::optional<operation> obstacle;
};

inline constexpr std::uint64_t most_configurations = 1'000'000;

// The operations of one key, in any order. Those that are pending may be left out of the order.
judgement check(std::span<const operation> history, content initially = {},
                std::uint64_t bound = most_configurations);

}  // namespace linearizability
