#pragma once

// Turns a contestant into a program: one Google Benchmark per question, size and number of workers.

#include <algorithm>
#include <memory>
#include <vector>

#include "keys.hpp"
#include "program.hpp"
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
/// the same keys more often and find them in a warmer cache. More where one takes 2 ms: a busy
/// moment of the machine would be all of eight.
inline int passes(std::size_t size, bool smoke) {
  return smoke ? 1 : size > 4'000'000 ? 2 : size > 500'000 ? 8 : 24;
}

/// Untimed operations before those: each key once, up to the million that fill every cache.
inline std::size_t warm_up_operations(std::size_t size, std::size_t count, bool smoke) {
  return smoke ? count : std::max(count, std::min(size, std::size_t{1} << 20));
}

template <rival R>
class driver final : public program {
 public:
  explicit driver(const settings& chosen) : program(R::name, chosen) {}

  void register_all() override {
    for (const std::size_t size : chosen_.sizes) {
      // All inserts first: each makes maps of its own, so the filled one would have to go in
      // between.
      for (const int workers : crew_sizes(R::most_workers)) {
        if (chosen_.inserts) register_inserts(size, workers);
      }
      for (const int workers : crew_sizes(R::most_workers)) {
        register_filled("hit", question::hit, size, workers, opening::attach);
        register_filled("miss", question::miss, size, workers, opening::attach);
        if (loads_many<R>)
          register_filled("load_many", question::load_many, size, workers, opening::attach);
        if (R::has_read_only) {
          register_filled("hit_read_only", question::hit, size, workers, opening::read_only);
          register_filled("miss_read_only", question::miss, size, workers, opening::read_only);
        }
        register_filled("store", question::store, size, workers, opening::attach);
      }
    }
  }

  void close() override { stage_.reset(); }

 private:
  void register_filled(const char* label, question what, std::size_t size, int workers,
                       opening how) {
    add(benchmark_name(label, size, workers), passes(size, chosen_.smoke),
        [=, this](benchmark::State& state) { measure_filled(state, what, size, workers, how); });
  }

  /// Every pass needs a map of its own, so the passes are counted out: many where one is short.
  void register_inserts(std::size_t size, int workers) {
    add(benchmark_name("insert", size, workers),
        chosen_.smoke || size > 100'000 ? 1
        : size > 10'000                 ? 2
                                        : 20,
        [=, this](benchmark::State& state) { measure_inserts(state, size, workers); });
  }

  const sequence& keys_for(std::size_t size) {
    if (!keys_ || keys_->size != size) {
      stage_.reset();
      keys_ = std::make_unique<sequence>(size);
    }
    return *keys_;
  }

  void measure_filled(benchmark::State& state, question what, std::size_t size, int workers,
                      opening how) {
    const sequence& keys = keys_for(size);
    if (!stage_) {
      stage_ = std::make_unique<stage<R>>(keys, next_place(size), stage<R>::content::filled);
    }
    const std::size_t count = operations(what, size, chosen_.smoke);
    measure_passes(state, *stage_,
                   {.what = what,
                    .workers = workers,
                    .how = how,
                    .warm_up = warm_up_operations(size, count, chosen_.smoke),
                    .count = count,
                    .sequence_length = keys.present.size(),
                    .keys = size,
                    .checksum = keys.checksum});
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
    report(state, costs, keys.checksum);
  }

  std::unique_ptr<sequence> keys_;
  std::unique_ptr<stage<R>> stage_;
};

/// The whole program of contestant R: 0, 1 after a wrong answer or another failure, 2 for wrong
/// usage, 130 when interrupted.
template <rival R>
int run_rival(int argc, char** argv) {
  return run_program(argc, argv, R::name,
                     [](const settings& chosen) { return std::make_unique<driver<R>>(chosen); });
}

}  // namespace bench
