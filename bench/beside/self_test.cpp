// The instruments themselves: what the histogram says of known samples, and whether the two clocks
// of the load timer part when a thread sleeps and agree when it works.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

#include "../keys.hpp"
#include "load_timer.hpp"

namespace {

using bench::beside::histogram;

int failures = 0;

void expect(bool holds, const char* what) {
  if (holds) return;
  ++failures;
  std::fprintf(stderr, "not true: %s\n", what);
}

void percentiles_are_overstated_by_one_part_in_32_at_most() {
  std::vector<std::uint64_t> samples;
  const auto counted = std::make_unique<histogram>();
  for (std::uint64_t draw = 0; draw != 100'000; ++draw) {
    const std::uint64_t sample = bench::mix(draw) >> (bench::mix(~draw) % 64);
    samples.push_back(sample);
    counted->add(sample);
  }
  std::sort(samples.begin(), samples.end());
  for (const double quantile : {0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
    const auto rank = static_cast<std::size_t>(quantile * static_cast<double>(samples.size()));
    const std::uint64_t exact = samples[std::max<std::size_t>(rank, 1) - 1];
    expect(counted->at(quantile) >= exact, "a percentile is not understated");
    expect(counted->at(quantile) - exact <= exact / 32, "nor overstated by more than 1/32");
  }
  expect(counted->at(1) == samples.back() && counted->max() == samples.back(), "max is exact");
  expect(counted->count() == samples.size(), "every sample counts");
}

/// What the timer says of one load that does `f`, in milliseconds.
template <class F>
std::pair<double, double> cpu_and_wall_of(F f) {
  const bench::beside::tick_scale scale = bench::beside::calibrate();
  const auto times = std::make_unique<bench::beside::load_times>();
  bench::beside::load_timer timer(scale, *times);
  timer.rest();
  const std::uint64_t before = bench::beside::ticks_before();
  f();
  timer.add(before, bench::beside::ticks_after());
  return {scale.ns(times->cpu.max()) * 1e-6, scale.ns(times->wall.max()) * 1e-6};
}

void a_load_that_sleeps_takes_no_cpu_time() {
  const auto [cpu, wall] =
      cpu_and_wall_of([] { std::this_thread::sleep_for(std::chrono::milliseconds(50)); });
  expect(wall >= 50, "the clock on the wall sees a thread sleep");
  expect(cpu < 10, "the CPU clock does not");
}

void a_load_that_works_takes_cpu_time() {
  constexpr double work_ms = 50;
  const auto [cpu, wall] = cpu_and_wall_of([] {
    const std::uint64_t start = bench::beside::thread_cpu_ns();
    while (static_cast<double>(bench::beside::thread_cpu_ns() - start) < work_ms * 1e6) {
    }
  });
  expect(cpu >= 0.98 * work_ms, "the CPU clock sees a thread work");
  expect(cpu < 1.2 * work_ms, "and nothing else");
  expect(wall >= 0.98 * work_ms, "the clock on the wall sees it too");
}

}  // namespace

int main() {
  percentiles_are_overstated_by_one_part_in_32_at_most();
  a_load_that_sleeps_takes_no_cpu_time();
  a_load_that_works_takes_cpu_time();
  return failures == 0 ? 0 : 1;
}
