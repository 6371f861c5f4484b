#include "program.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace bench {

program::program(std::string_view contestant, settings chosen)
    : chosen_(std::move(chosen)), contestant_(contestant), scratch_(chosen_.directory) {}

int program::exit_code() const noexcept {
  if (interrupted_) return 130;
  return failed_ ? 1 : 0;
}

std::string program::benchmark_name(std::string_view label, std::size_t size, int workers) const {
  return std::string(label) + "/" + contestant_ + "/" + std::to_string(size) + "/" +
         std::to_string(workers);
}

std::vector<int> program::crew_sizes(int most) const {
  std::vector<int> possible = chosen_.workers;
  std::erase_if(possible, [=](int workers) { return workers > std::min(most, most_workers); });
  return possible;
}

void program::add(const std::string& name, int passes,
                  std::function<void(benchmark::State&)> body) {
  auto* made = benchmark::RegisterBenchmark(
      name.c_str(),
      [body = std::move(body), this](benchmark::State& state) { guard(state, body); });
  made->UseManualTime();
  made->Iterations(passes);
}

void program::guard(benchmark::State& state, const std::function<void(benchmark::State&)>& body) {
  if (interrupted_) return state.SkipWithError("interrupted");
  try {
    body(state);
  } catch (const interrupted&) {
    interrupted_ = true;
    close();
    state.SkipWithError("interrupted");
  } catch (const std::exception& problem) {
    failed_ = true;
    close();
    std::fprintf(stderr, "%s: %s\n", contestant_.c_str(), problem.what());
    state.SkipWithError(problem.what());
  }
}

place program::next_place(std::size_t capacity, std::size_t entry_bytes) {
  return {scratch_.path(), scratch_.unique_name() + "." + std::to_string(places_++), capacity,
          entry_bytes};
}

double program::time_of(benchmark::State& state, const std::vector<outcome>& results,
                        std::size_t count) {
  double sum = 0;
  for (const outcome& result : results) {
    if (result.wrong != 0) {
      throw std::runtime_error(std::to_string(result.wrong) + " wrong answers");
    }
    sum += static_cast<double>(result.nanoseconds);
  }
  const double mean = sum / static_cast<double>(results.size());
  state.SetIterationTime(mean * 1e-9);
  return mean / static_cast<double>(count);
}

void program::report(benchmark::State& state, const std::vector<double>& costs,
                     std::uint64_t checksum) {
  if (costs.empty()) return;
  const double sum = std::accumulate(costs.begin(), costs.end(), 0.0);
  state.counters["ns_per_op"] = sum / static_cast<double>(costs.size());
  // The upper bits would be lost in the double that a counter is.
  state.counters["sequence"] = static_cast<double>(checksum >> 12);
}

void program::verify(crew& team, std::vector<task> orders, std::size_t size) {
  for (task& order : orders)
    order.what = question::audit;
  for (const outcome& result : team.run(orders)) {
    if (result.wrong != 0 || result.size != size) {
      throw std::runtime_error(std::to_string(result.wrong) + " keys lost, " +
                               std::to_string(result.size) + " instead of " + std::to_string(size) +
                               " entries");
    }
  }
}

int run_program(int argc, char** argv, std::string_view contestant,
                const std::function<std::unique_ptr<program>(const settings&)>& made) try {
  const settings chosen = take_settings(argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  catch_signals();
  const std::unique_ptr<program> runner = made(chosen);
  runner->register_all();
  benchmark::RunSpecifiedBenchmarks();
  runner->close();
  return runner->exit_code();
} catch (const std::invalid_argument& problem) {
  std::fprintf(stderr, "%s: %s\n", std::string(contestant).c_str(), problem.what());
  return 2;
} catch (const std::exception& problem) {
  std::fprintf(stderr, "%s: %s\n", std::string(contestant).c_str(), problem.what());
  return 1;
}

}  // namespace bench
