#pragma once

// What the program of every contestant has in common, whatever it asks: the command line, failures
// and interruptions, timed passes over a filled map, and how a figure is reported.

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "crew.hpp"
#include "questions.hpp"
#include "rival.hpp"
#include "setup.hpp"

namespace bench {

/// How one question is put to a filled map. Two sequences, keys in two orders, may be compared only
/// if their checksums are equal.
struct plan {
  question what = question::hit;
  int workers = 1;
  opening how = opening::attach;
  std::size_t warm_up = 0;          ///< untimed operations of each worker
  std::size_t count = 0;            ///< operations of each worker in a pass
  std::size_t sequence_length = 0;  ///< workers begin at equal distances in it
  std::size_t keys = 0;             ///< entries that the map must still have after stores
  std::uint64_t checksum = 0;       ///< of the sequence
};

class program {
 public:
  program(std::string_view contestant, settings chosen);
  virtual ~program() = default;
  program(const program&) = delete;
  program& operator=(const program&) = delete;

  /// Registers every benchmark with Google Benchmark.
  virtual void register_all() = 0;
  /// Lets go of the map that is being measured.
  virtual void close() = 0;

  /// 0, 1 after a wrong answer or another failure, 130 when interrupted.
  int exit_code() const noexcept;

 protected:
  std::string benchmark_name(std::string_view label, std::size_t size, int workers) const;

  /// The crew sizes asked for that a contestant with at most `most` workers can have.
  std::vector<int> crew_sizes(int most) const;

  /// Registers `body` under `name`; it is called once and runs `passes` iterations. What it throws
  /// fails this benchmark and the program, not the benchmarks after it.
  void add(const std::string& name, int passes, std::function<void(benchmark::State&)> body);

  /// A name for one more map, of `capacity` entries.
  place next_place(std::size_t capacity, std::size_t entry_bytes = 2 * sizeof(std::uint64_t));

  /// Asks as `asked` says, once untimed for each crew and question, then once per iteration. Each
  /// pass goes on in the sequence where the one before ended.
  template <class Stage>
  void measure_passes(benchmark::State& state, Stage& stage, const plan& asked);

  /// Nanoseconds per operation as one worker sees it, the mean over the workers. Throws if an
  /// answer was wrong.
  static double time_of(benchmark::State& state, const std::vector<outcome>& results,
                        std::size_t count);

  /// Reports the mean over the passes. Not their median: on a busy machine that spares whoever
  /// finishes a pass within one time slice, and so flatters the faster contestant.
  static void report(benchmark::State& state, const std::vector<double>& costs,
                     std::uint64_t checksum);

  /// Looks every key up that the last orders stored, and counts the map.
  static void verify(crew& team, std::vector<task> orders, std::size_t size);

  const settings chosen_;

 private:
  void guard(benchmark::State& state, const std::function<void(benchmark::State&)>& body);

  std::string contestant_;
  scratch_directory scratch_;
  int places_ = 0;
  bool failed_ = false;
  bool interrupted_ = false;
};

template <class Stage>
void program::measure_passes(benchmark::State& state, Stage& stage, const plan& asked) {
  crew& team = stage.workers(asked.workers, asked.how);
  const bool changes = asked.what == question::store || asked.what == question::mix;
  std::vector<task> orders(static_cast<std::size_t>(asked.workers));
  const auto pass = [&](std::size_t length) {
    const std::uint64_t round = changes ? stage.next_round() : stage.round();
    const std::size_t done = stage.advance(length);
    for (std::size_t worker = 0; worker < orders.size(); ++worker) {
      const std::size_t first = worker * asked.sequence_length / orders.size() + done;
      orders[worker] = {asked.what, first, length, round};
    }
    return team.run(orders);
  };
  if (stage.needs_warm_up(asked.what)) pass(asked.warm_up);
  std::vector<double> costs;
  for (auto _ : state)
    costs.push_back(time_of(state, pass(asked.count), asked.count));
  report(state, costs, asked.checksum);
  if (changes) verify(team, orders, asked.keys);
}

/// The whole of `main`: runs what `made` makes of the settings. 2 for wrong usage.
int run_program(int argc, char** argv, std::string_view contestant,
                const std::function<std::unique_ptr<program>(const settings&)>& made);

}  // namespace bench
