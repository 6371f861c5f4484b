#pragma once

// Turns a contestant into a program: one Google Benchmark per question, size and number of workers.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "crew.hpp"
#include "keys.hpp"
#include "setup.hpp"
#include "stage.hpp"

namespace bench {

/// Operations per worker and pass. Each pass goes on in the sequence where the one before ended, so
/// short ones do not mean few keys.
inline std::size_t operations(question what, std::size_t size, bool smoke) {
  if (smoke) return 2'000;
  const std::size_t reads = std::size_t{1} << (size > 4'000'000 ? 20 : 18);
  return what == question::store ? reads / 4 : reads;
}

/// How many passes are timed: the same for every contestant, or the faster ones would come round to
/// the same keys more often and find them in a warmer cache.
inline int passes(std::size_t size, bool smoke) {
  return smoke ? 1 : size > 4'000'000 ? 2 : 8;
}

/// Untimed operations before those: each key once, up to the million that fill every cache.
inline std::size_t warm_up_operations(std::size_t size, std::size_t count, bool smoke) {
  return smoke ? count : std::max(count, std::min(size, std::size_t{1} << 20));
}

template <rival R>
class driver {
 public:
  explicit driver(settings chosen) : chosen_(std::move(chosen)), scratch_(chosen_.directory) {}

  void register_all() {
    for (const std::size_t size : chosen_.sizes) {
      // All inserts first: each makes maps of its own, so the filled one would have to go in
      // between.
      for (const int workers : crew_sizes()) {
        if (chosen_.inserts) register_inserts(size, workers);
      }
      for (const int workers : crew_sizes()) {
        add("hit", question::hit, size, workers, opening::attach);
        add("miss", question::miss, size, workers, opening::attach);
        if (R::has_read_only) {
          add("hit_read_only", question::hit, size, workers, opening::read_only);
          add("miss_read_only", question::miss, size, workers, opening::read_only);
        }
        add("store", question::store, size, workers, opening::attach);
      }
    }
  }

  bool failed() const noexcept { return failed_; }
  bool was_interrupted() const noexcept { return interrupted_; }
  void close() { stage_.reset(); }

 private:
  std::vector<int> crew_sizes() const {
    std::vector<int> possible = chosen_.workers;
    std::erase_if(possible, [](int workers) {
      return workers > std::min<int>(R::most_workers, most_workers);
    });
    return possible;
  }

  static std::string benchmark_name(const char* label, std::size_t size, int workers) {
    return std::string(label) + "/" + std::string(R::name) + "/" + std::to_string(size) + "/" +
           std::to_string(workers);
  }

  void add(const char* label, question what, std::size_t size, int workers, opening how) {
    auto* made = benchmark::RegisterBenchmark(
        benchmark_name(label, size, workers).c_str(), [=, this](benchmark::State& state) {
          guard(state, [&] { measure_filled(state, what, size, workers, how); });
        });
    made->UseManualTime();
    made->Iterations(passes(size, chosen_.smoke));
  }

  /// Every pass needs a map of its own, so the passes are counted out: many where one is short.
  void register_inserts(std::size_t size, int workers) {
    auto* made = benchmark::RegisterBenchmark(
        benchmark_name("insert", size, workers).c_str(), [=, this](benchmark::State& state) {
          guard(state, [&] { measure_inserts(state, size, workers); });
        });
    made->UseManualTime();
    made->Iterations(chosen_.smoke || size > 100'000 ? 1 : size > 10'000 ? 2 : 20);
  }

  template <class F>
  void guard(benchmark::State& state, F body) {
    if (interrupted_) return state.SkipWithError("interrupted");
    try {
      body();
    } catch (const interrupted&) {
      interrupted_ = true;
      stage_.reset();
      state.SkipWithError("interrupted");
    } catch (const std::exception& problem) {
      failed_ = true;
      stage_.reset();
      std::fprintf(stderr, "%s: %s\n", std::string(R::name).c_str(), problem.what());
      state.SkipWithError(problem.what());
    }
  }

  const sequence& keys_for(std::size_t size) {
    if (!keys_ || keys_->size != size) {
      stage_.reset();
      keys_ = std::make_unique<sequence>(size);
    }
    return *keys_;
  }

  place next_place(std::size_t size) {
    return {scratch_.path(), scratch_.unique_name() + "." + std::to_string(places_++), size};
  }

  void measure_filled(benchmark::State& state, question what, std::size_t size, int workers,
                      opening how) {
    const sequence& keys = keys_for(size);
    if (!stage_) {
      stage_ = std::make_unique<stage<R>>(keys, next_place(size), stage<R>::content::filled);
    }
    crew& team = stage_->workers(workers, how);
    const std::size_t count = operations(what, size, chosen_.smoke);
    std::vector<task> orders(static_cast<std::size_t>(workers));
    const auto pass = [&](std::size_t length) {
      const std::uint64_t round = what == question::store ? stage_->next_round() : stage_->round();
      const std::size_t done = stage_->advance(length);
      for (std::size_t worker = 0; worker < orders.size(); ++worker) {
        const std::size_t first = worker * keys.present.size() / orders.size() + done;
        orders[worker] = {what, first, length, round};
      }
      return team.run(orders);
    };
    if (stage_->needs_warm_up(what)) pass(warm_up_operations(size, count, chosen_.smoke));
    std::vector<double> costs;
    for (auto _ : state)
      costs.push_back(time_of(state, pass(count), count));
    report(state, costs);
    if (what == question::store) verify(team, orders, keys.size);
  }

  void measure_inserts(benchmark::State& state, std::size_t size, int workers) {
    const sequence& keys = keys_for(size);
    stage_.reset();
    std::vector<double> costs;
    for (auto _ : state) {
      stage<R> fresh(keys, next_place(size), stage<R>::content::empty);
      crew& team = fresh.workers(workers, opening::attach);
      const auto count = static_cast<std::size_t>(workers);
      // Attaching, the first write's lease and first page faults are not what an insert costs.
      std::vector<task> orders(count, task{question::insert, 0, 1, 0});
      team.run(orders);
      for (std::size_t worker = 0; worker < count; ++worker) {
        const std::size_t first = worker * size / count;
        const std::size_t last = (worker + 1) * size / count;
        orders[worker] = {question::insert, first, last - first, 0};
      }
      costs.push_back(time_of(state, team.run(orders), size / count));
      verify(team, orders, size);
    }
    report(state, costs);
  }

  /// Nanoseconds per operation as one worker sees it, the mean over the workers. Throws if an
  /// answer was wrong.
  static double time_of(benchmark::State& state, const std::vector<outcome>& results,
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

  /// The mean over the passes. Not their median: on a busy machine that spares whoever finishes a
  /// pass within one time slice, and so flatters the faster contestant.
  void report(benchmark::State& state, const std::vector<double>& costs) const {
    if (costs.empty()) return;
    const double sum = std::accumulate(costs.begin(), costs.end(), 0.0);
    state.counters["ns_per_op"] = sum / static_cast<double>(costs.size());
    // The upper bits would be lost in the double that a counter is.
    state.counters["sequence"] = static_cast<double>(keys_->checksum >> 12);
  }

  /// Looks every key up that the last orders stored, and counts the map.
  static void verify(crew& team, std::vector<task> orders, std::size_t size) {
    for (task& order : orders)
      order.what = question::audit;
    for (const outcome& result : team.run(orders)) {
      if (result.wrong != 0 || result.size != size) {
        throw std::runtime_error(std::to_string(result.wrong) + " keys lost, " +
                                 std::to_string(result.size) + " instead of " +
                                 std::to_string(size) + " entries");
      }
    }
  }

  settings chosen_;
  scratch_directory scratch_;
  std::unique_ptr<sequence> keys_;
  std::unique_ptr<stage<R>> stage_;
  int places_ = 0;
  bool failed_ = false;
  bool interrupted_ = false;
};

/// The whole program of contestant R: 0, 1 after a wrong answer or another failure, 2 for wrong
/// usage, 130 when interrupted.
template <rival R>
int run_rival(int argc, char** argv) try {
  const settings chosen = take_settings(argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  catch_signals();
  driver<R> runner(chosen);
  runner.register_all();
  benchmark::RunSpecifiedBenchmarks();
  runner.close();
  if (runner.was_interrupted()) return 130;
  return runner.failed() ? 1 : 0;
} catch (const std::invalid_argument& problem) {
  std::fprintf(stderr, "%s: %s\n", std::string(R::name).c_str(), problem.what());
  return 2;
} catch (const std::exception& problem) {
  std::fprintf(stderr, "%s: %s\n", std::string(R::name).c_str(), problem.what());
  return 1;
}

}  // namespace bench
