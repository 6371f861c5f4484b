#pragma once

// Turns a contestant into the program that asks what two workers do to each other: loads beside
// stores, stores beside stores, loads while the map grows; and what the map takes in memory.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../program.hpp"
#include "duet.hpp"
#include "figures.hpp"
#include "roles.hpp"

namespace bench::beside {

/// A contestant with one lock for all of its map.
template <class R>
concept one_locked = R::one_lock;

template <rival R>
class driver final : public program {
 public:
  explicit driver(const settings& chosen) : program(R::name, chosen) {
    board_->scale = calibrate();
  }

  void register_all() override {
    const std::size_t largest = chosen_.quick ? 1'000'000 : 10'000'000;
    // First: what earlier maps gave back, an allocator may have kept.
    for (const std::size_t size : sizes({largest}))
      register_bytes(size);
    if constexpr (R::most_workers > 1) {
      for (const std::size_t size : sizes({1'000, 1'000'000}))
        register_beside(size);
      for (const std::size_t size : sizes({1'000'000})) {
        register_crews("hits_scaling", size, &duet::hits_of_one_and_two);
      }
      // Where a single store takes a transaction, or who loads waits for who stores, these would
      // take minutes.
      if constexpr (!batching<R>) {
        for (const std::size_t size : sizes({1'000'000}))
          register_crews("stores_disjoint", size, &duet::stores_of_one_and_two);
        for (const std::size_t size : sizes({largest / 10}))
          register_latency(size);
        for (const std::size_t size : sizes({largest / 10}))
          register_growth(size);
        if constexpr (!one_locked<R>) {
          if (!chosen_.sizes_given) register_growth(largest);
        }
      }
    }
  }

  void close() override { filled_.reset(); }

 private:
  using content = typename stage<R, scene>::content;
  using question_of_two = pair_of_kinds (duet::*)();

  /// A map, and what its stage refers to.
  struct setting {
    setting(std::size_t keys, board& said, const place& where, content initial)
        : asked(keys), on{asked, said}, map(on, where, initial) {}

    sequence asked;
    scene on;
    stage<R, scene> map;
  };

  struct taken {
    pair_of_kinds both;
    std::uint64_t checksum;
  };

  std::vector<std::size_t> sizes(std::vector<std::size_t> usual) const {
    return chosen_.sizes_given ? chosen_.sizes : usual;
  }

  std::unique_ptr<setting> make(std::size_t keys, std::size_t capacity, content initial) {
    filled_.reset();
    return std::make_unique<setting>(keys, *board_, next_place(capacity), initial);
  }

  duet workers_on(setting& there) {
    return {there.map.workers(2, opening::attach), *board_, there.asked,
            chosen_.smoke   ? 1
            : chosen_.quick ? 4
                            : 8};
  }

  // --- two kinds of passes in turn: whichever of the two benchmarks comes first runs them

  const taken& take(const std::string& name, std::size_t size, question_of_two ask) {
    const std::pair key(name, size);
    if (const auto found = taken_.find(key); found != taken_.end()) return found->second;
    if (!filled_ || filled_->asked.size != size) filled_ = make(size, size, content::filled);
    duet both = workers_on(*filled_);
    return taken_.emplace(key, taken{(both.*ask)(), filled_->asked.checksum}).first->second;
  }

  void register_beside(std::size_t size) {
    register_kinds({benchmark_name("beside_alone", size, 1), benchmark_name("beside", size, 1)},
                   size, &duet::hits_beside_stores,
                   [](benchmark::State& state, const pair_of_kinds& both) {
                     state.counters["writer_ns"] = mean(both.writer);
                     state.counters["writer_ran"] = mean(both.writer_ran);
                     state.counters["ratio_to_alone"] = both.ratio();
                   });
  }

  /// The same of one worker and of two.
  void register_crews(const char* label, std::size_t size, question_of_two ask) {
    register_kinds({benchmark_name(label, size, 1), benchmark_name(label, size, 2)}, size, ask,
                   [](benchmark::State& state, const pair_of_kinds& both) {
                     state.counters["throughput_ratio"] = 2 / both.ratio();
                   });
  }

  /// `more(state, both)` reports what only the second kind has.
  template <class F>
  void register_kinds(const std::pair<std::string, std::string>& names, std::size_t size,
                      question_of_two ask, F more) {
    const auto take_them = [this, name = names.second, size, ask]() -> const taken& {
      return take(name, size, ask);
    };
    add(names.first, 1, [take_them](benchmark::State& state) {
      const taken& result = take_them();
      publish(state, mean(result.both.first), result.checksum);
    });
    add(names.second, 1, [take_them, more](benchmark::State& state) {
      const taken& result = take_them();
      publish(state, mean(result.both.second), result.checksum);
      more(state, result.both);
    });
  }

  // --- maps that grow

  void register_growth(std::size_t size) {
    // At two loads for an insert, the map becomes some three to five times as large from one
    // promotion to the next.
    constexpr std::size_t pace = 2;
    add(benchmark_name("growth", size, 1), 1, [=, this](benchmark::State& state) {
      const std::unique_ptr<setting> there = make(1, size, content::empty);
      measure_growth(state, *there, {.first = 0, .count = size, .loads_per_insert = pace});
    });
  }

  void register_latency(std::size_t size) {
    // A fixed number of inserts, and so many loads between them that several promotions come.
    const std::size_t more = std::max<std::size_t>(size / 4, 1);
    const std::size_t loads = chosen_.smoke ? 64'000 : (chosen_.quick ? 4 : 8) * size + 1'000'000;
    add(benchmark_name("latency", size, 1), 1, [=, this](benchmark::State& state) {
      const std::unique_ptr<setting> there = make(size, size + more, content::filled);
      // Soon after a promotion none of the last sixteenth is in the first table.
      measure_growth(state, *there,
                     {.first = size,
                      .count = more,
                      .loads_per_insert = loads / more,
                      .latest = (more + 15) / 16});
    });
  }

  void measure_growth(benchmark::State& state, setting& there, const growth_plan& planned) {
    const tick_witness since;
    workers_on(there).loads_while_growing(planned);
    since.check(board_->scale);
    if constexpr (promoting<R>) {
      // Misses are counted in batches: the smallest maps may not see one.
      constexpr std::size_t always = 100'000;
      if (board_->promotions == 0 && planned.count >= always)
        throw std::runtime_error("no promotion came");
      state.counters["promotions"] = static_cast<double>(board_->promotions);
    }
    publish_loads(state, *board_);
  }

  // --- memory

  void register_bytes(std::size_t size) {
    add(benchmark_name("bytes", size, 1), 1,
        [=, this](benchmark::State& state) { measure_bytes(state, size); });
  }

  void measure_bytes(benchmark::State& state, std::size_t size) {
    const std::unique_ptr<setting> there = make(1, size + 1, content::empty);
    crew& one = there->map.workers(1, opening::attach);
    const auto weigh = [&](const task& order) {
      board_->begin(company::weighing);
      const outcome result = one.run(std::vector{order}).front();
      if (result.size != order.first + order.count) throw std::runtime_error("entries were lost");
      return board_->weighed;
    };
    // A map in private memory is what the process has gained.
    const weight empty = weigh({question::insert, 0, 0, 0});
    const weight base = R::between_processes ? weight{} : empty;
    const weight settled = weigh({question::insert, 0, size, 0});
    publish(state, 0, 0);
    publish(state, "", settled, base, size);
    if constexpr (promoting<R>) {
      const weight amended = weigh({question::store, size, 1, 0});
      if (settled.tables != 1 || amended.tables != 2)
        throw std::runtime_error("not one table, then two");
      publish(state, "_both", amended, base, size + 1);
    }
  }

  shared_with_children<board> board_;
  std::map<std::pair<std::string, std::size_t>, taken> taken_;
  std::unique_ptr<setting> filled_;
};

/// The whole program of contestant R.
template <rival R>
int run_rival(int argc, char** argv) {
  return run_program(argc, argv, R::name,
                     [](const settings& chosen) { return std::make_unique<driver<R>>(chosen); });
}

}  // namespace bench::beside
