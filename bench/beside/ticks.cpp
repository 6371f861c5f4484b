#include "ticks.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <string>

namespace bench::beside {
namespace {

/// The median of many runs of `f`, which returns ticks: neither an interrupt nor one lucky run
/// counts.
template <class F>
std::uint64_t usual(F f) {
  std::array<std::uint64_t, 2'001> samples;
  for (std::uint64_t& sample : samples)
    sample = f();
  const auto middle = samples.begin() + samples.size() / 2;
  std::nth_element(samples.begin(), middle, samples.end());
  return *middle;
}

double measured_ns_per_tick() {
  constexpr std::uint64_t long_enough = 50'000'000;
  const std::uint64_t wall = clock_ns(CLOCK_MONOTONIC);
  const std::uint64_t ticks = ticks_after();
  std::uint64_t now = wall;
  while (now - wall < long_enough)
    now = clock_ns(CLOCK_MONOTONIC);
  return static_cast<double>(now - wall) / static_cast<double>(ticks_after() - ticks);
}

}  // namespace

tick_scale calibrate() {
  tick_scale scale;
  scale.ns_per_tick = measured_ns_per_tick();
  scale.empty = usual([] {
    const std::uint64_t start = ticks_before();
    return ticks_after() - start;
  });
  scale.cpu_read = usual([] {
    const std::uint64_t start = ticks_before();
    thread_cpu_ns();
    return ticks_after() - start;
  });
  return scale;
}

void tick_witness::check(const tick_scale& scale) const {
  const auto wall = static_cast<double>(clock_ns(CLOCK_MONOTONIC) - wall_);
  const double counted = scale.ns(ticks_after() - ticks_);
  constexpr double most = 0.01;
  if (std::abs(counted - wall) > most * wall + 1e6) {
    throw std::runtime_error("the time stamp counter says " + std::to_string(counted * 1e-6) +
                             " ms where CLOCK_MONOTONIC says " + std::to_string(wall * 1e-6));
  }
}

}  // namespace bench::beside
