#pragma once

// How what was measured becomes counters of Google Benchmark, which the report reads.

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "duet.hpp"

namespace bench::beside {

/// Runs the only iteration, and sets the counters that every benchmark has. `checksum` is that of
/// the sequence of keys, 0 if the figure does not depend on it.
void publish(benchmark::State& state, double ns_per_op, std::uint64_t checksum);

/// Mean and percentiles of single loads: p50_ns … max_ns by the thread's CPU clock, wall_p50_ns …
/// by the one on the wall, floor_p50_ns … of the rests.
void publish_loads(benchmark::State& state, const board& said);

/// Bytes per entry of what was `gained` since `base`; the counters' names end in `suffix`.
void publish(benchmark::State& state, const std::string& suffix, const weight& gained,
             const weight& base, std::size_t entries);

}  // namespace bench::beside
