#pragma once

// A filled map and the crew that works on it, kept from one benchmark to the next: filling ten
// million keys anew for each question would take longer than all the questions.

#include <fcntl.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crew.hpp"
#include "keys.hpp"
#include "questions.hpp"
#include "rival.hpp"

namespace bench {

/// Fills `map` with the keys of `keys`, each once, in round 0. Not in the order in which they are
/// asked for later: what was allocated in a row would then be read in a row, and every map that
/// allocates per key would look fast.
template <rival R>
void fill(R& map, const sequence& keys) {
  if constexpr (batching<R>) map.begin_batch();
  for (std::size_t index = 0; index < keys.size; ++index) {
    const std::uint64_t key = present_key(index);
    map.store(key, value_of(key, 0));
  }
  if constexpr (batching<R>) map.end_batch();
  map.settle();
}

/// One map of contestant R under a name of its own, for the keys of `Sequence`. `fill` and `answer`
/// are those that stand beside it.
template <class R, class Sequence = sequence>
class stage {
 public:
  enum class content { empty, filled };

  stage(const Sequence& keys, place where, content initial)
      : keys_(keys), where_(std::move(where)), host_(where_) {
    if constexpr (R::between_processes) {
      // Another process makes the map and goes, so that this one never holds a handle that workers
      // would inherit.
      crew maker(1, true, [&](int worker, gate& entrance) { make(worker, entrance, initial); });
      maker.run(std::vector<task>{{.what = question::audit}});
    } else {
      shared_ = std::make_unique<R>(where_, opening::create);
      if (initial == content::filled) fill(*shared_, keys_);
    }
  }

  ~stage() {
    crew_.reset();
    shared_.reset();
    R::remove(where_);
  }
  stage(const stage&) = delete;
  stage& operator=(const stage&) = delete;

  /// The crew that asks, started anew when the number of workers or their way of opening changes.
  crew& workers(int count, opening how) {
    if (!crew_ || crew_->workers() != count || how_ != how) {
      crew_.reset();
      how_ = how;
      crew_ =
          std::make_unique<crew>(count, R::between_processes,
                                 [this](int worker, gate& entrance) { enter(worker, entrance); });
      warm_ = question::quit;
    }
    return *crew_;
  }

  /// True once per crew and question: the caller then runs an untimed pass.
  bool needs_warm_up(question what) {
    const bool cold = warm_ != what;
    warm_ = what;
    return cold;
  }

  std::uint64_t round() const noexcept { return round_; }
  std::uint64_t next_round() noexcept { return ++round_; }
  /// How far in the sequence earlier passes came; this one goes on for `count`.
  std::size_t advance(std::size_t count) noexcept { return std::exchange(done_, done_ + count); }

 private:
  void make(int worker, gate& entrance, content initial) {
    R map(where_, opening::create);
    if (initial == content::filled) fill(map, keys_);
    serve(entrance, worker, [&](const task& order) { return answer(map, keys_, order); });
  }

  void enter(int worker, gate& entrance) {
    if constexpr (R::between_processes) {
      R map(where_, how_);
      serve(entrance, worker, [&](const task& order) { return answer(map, keys_, order); });
    } else {
      serve(entrance, worker, [&](const task& order) { return answer(*shared_, keys_, order); });
    }
  }

  const Sequence& keys_;
  place where_;
  [[no_unique_address]] host_of<R> host_;
  std::unique_ptr<R> shared_;  // in-process contestants only
  std::unique_ptr<crew> crew_;
  opening how_ = opening::attach;
  question warm_ = question::quit;
  std::uint64_t round_ = 0;
  std::size_t done_ = 0;
};

}  // namespace bench
