#pragma once

// Turns a contestant with text keys into a program: one Google Benchmark per shape, question and
// number of workers.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "../program.hpp"
#include "../stage.hpp"
#include "matrix.hpp"
#include "questions.hpp"
#include "rival.hpp"

namespace bench::shapes {

/// How much is asked. `slow` contestants answer in tens of microseconds: what they still find in a
/// cache does not show, so they are asked less often than the others.
struct effort {
  int passes;
  std::size_t loads;   ///< of each worker in a pass; also of a mix
  std::size_t stores;  ///< likewise
  std::size_t warm_up;
};

inline effort effort_for(const shape& asked, const settings& chosen, bool slow) {
  if (chosen.smoke) return {1, 100, 100, 100};
  // A pass copies at most 256 MiB.
  std::size_t loads = std::min(std::size_t{1} << 16, (std::size_t{1} << 28) / asked.value_bytes);
  if (slow) loads /= 64;
  return {.passes = chosen.quick ? 2 : 8,
          .loads = loads,
          .stores = std::max<std::size_t>(loads / 4, 4),
          .warm_up = slow ? loads : std::max(loads, asked.keys)};
}

template <text_rival R>
class driver final : public program {
 public:
  explicit driver(const settings& chosen) : program(R::name, chosen) {}

  void register_all() override {
    for (const shape& asked : plain_shapes()) {
      ask("shape:" + asked.label, question::hit, asked, 1, opening::attach);
      if (R::has_read_only) {
        ask("shape:" + asked.label + "_read_only", question::hit, asked, 1, opening::read_only);
      }
      ask("shape_store:" + asked.label, question::store, asked, 1, opening::attach);
    }
    for (const shape& asked : ycsb_workloads()) {
      const question what = asked.updates == 0 ? question::hit : question::mix;
      for (const int workers : crew_sizes(R::most_workers))
        ask("ycsb:" + asked.label, what, asked, workers, opening::attach);
    }
    if constexpr (hosted<R>) {
      for (const std::size_t size : chosen_.sizes)
        ask("socket_hit", question::hit, {"", size, 16, 8}, 1, opening::attach);
    }
  }

  void close() override { stage_.reset(); }

 private:
  using text_stage = stage<R, text_sequence>;

  void ask(const std::string& label, question what, const shape& wanted, int workers, opening how) {
    const shape asked = chosen_.smoke ? smoke_size(wanted) : wanted;
    add(benchmark_name(label, asked.keys, workers), effort_for(asked, chosen_, hosted<R>).passes,
        [=, this](benchmark::State& state) { measure(state, what, asked, workers, how); });
  }

  /// What is on stage stays for the next question about the same shape.
  void set_up(const shape& asked) {
    if (stage_ && keys_->asked() == asked) return;
    stage_.reset();
    keys_ = asked.label.empty() ? std::make_unique<text_sequence>(asked, sequence(asked.keys))
                                : std::make_unique<text_sequence>(asked);
    stage_ = std::make_unique<text_stage>(
        *keys_, next_place(asked.keys, asked.key_bytes + asked.value_bytes),
        text_stage::content::filled);
  }

  void measure(benchmark::State& state, question what, const shape& asked, int workers,
               opening how) {
    set_up(asked);
    const effort scale = effort_for(asked, chosen_, hosted<R>);
    measure_passes(state, *stage_,
                   {.what = what,
                    .workers = workers,
                    .how = how,
                    .warm_up = scale.warm_up,
                    .count = what == question::store ? scale.stores : scale.loads,
                    .sequence_length = keys_->size(),
                    .keys = asked.keys,
                    .checksum = keys_->checksum()});
  }

  std::unique_ptr<text_sequence> keys_;
  std::unique_ptr<text_stage> stage_;
};

/// The whole program of contestant R; as run_rival.
template <text_rival R>
int run_text_rival(int argc, char** argv) {
  return run_program(argc, argv, R::name,
                     [](const settings& chosen) { return std::make_unique<driver<R>>(chosen); });
}

}  // namespace bench::shapes
