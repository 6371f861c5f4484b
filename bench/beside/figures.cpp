#include "figures.hpp"

#include <array>
#include <string>
#include <utility>

namespace bench::beside {
namespace {

constexpr std::array<std::pair<const char*, double>, 5> percentiles{
    {{"p50_ns", 0.5}, {"p99_ns", 0.99}, {"p999_ns", 0.999}, {"p9999_ns", 0.9999}, {"max_ns", 1}}};

void publish(benchmark::State& state, const std::string& prefix, const histogram& times,
             const tick_scale& scale) {
  for (const auto& [name, quantile] : percentiles)
    state.counters[prefix + name] = scale.ns(times.at(quantile));
}

}  // namespace

void publish(benchmark::State& state, double ns_per_op, std::uint64_t checksum) {
  for (auto _ : state)
    state.SetIterationTime(ns_per_op * 1e-9);
  state.counters["ns_per_op"] = ns_per_op;
  // The upper bits would be lost in the double that a counter is.
  state.counters["sequence"] = static_cast<double>(checksum >> 12);
}

void publish_loads(benchmark::State& state, const board& said) {
  publish(state, said.times.cpu.mean() * said.scale.ns_per_tick, 0);
  publish(state, "", said.times.cpu, said.scale);
  publish(state, "floor_", said.times.rests, said.scale);
  publish(state, "wall_", said.times.wall, said.scale);
  state.counters["loads"] = static_cast<double>(said.times.wall.count());
}

void publish(benchmark::State& state, const std::string& suffix, const weight& gained,
             const weight& base, std::size_t entries) {
  const auto per_entry = [&](std::uint64_t now, std::uint64_t before) {
    return static_cast<double>(now - before) / static_cast<double>(entries);
  };
  state.counters["bytes_per_entry" + suffix] = per_entry(gained.used, base.used);
  state.counters["resident_per_entry" + suffix] = per_entry(gained.resident, base.resident);
}

}  // namespace bench::beside
