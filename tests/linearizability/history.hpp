// One history: a fresh map, processes that work on it and die, and what they wrote down.
#pragma once

#include <time.h>
#include <support/child.hpp>
#include <support/names.hpp>
#include <support/shared_page.hpp>
#include <twinmap/admin.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "figures.hpp"
#include "keeper.hpp"
#include "worker.hpp"

namespace linearizability {

// What the processes of a history share beside the map; used for one history after the other.
struct arena {
  std::array<book, most_processes> books;
  std::atomic<bool> keeper_stops{false};
  std::atomic<int> arrived{0};
  std::atomic<bool> open{false};
};

// Without yielding, and without a limit: ctest has one.
template <class Condition>
void wait_until(Condition holds) {
  while (!holds()) {
    const timespec pause{0, 50'000};
    ::nanosleep(&pause, nullptr);
  }
}

template <class Map>
class history {
 public:
  history(const plan& wanted, arena& shared, const std::filesystem::path& directory)
      : plan_(wanted),
        arena_(shared),
        random_(~wanted.seed),
        name_(directory),
        map_(twinmap::create_only, name_, settings()) {
    arena_.keeper_stops = false;
    arena_.arrived = 0;
    arena_.open = false;
  }

  void run(const char* kind, figures& sum) {
    std::optional<test_support::child> keeper;
    if (plan_.keeper) keeper.emplace([&] { keep_the_map(); });
    for (std::size_t i = 0; i != plan_.processes; ++i)
      start(plan_.calls_each, i < plan_.deaths);
    wait_until([&] {
      return arena_.arrived == static_cast<int>(plan_.processes) ||
             std::any_of(running_.begin(), running_.end(),
                         [](auto& p) { return !p.child.running(); });
    });
    arena_.open = true;
    wait_for_all();
    arena_.keeper_stops = true;
    if (keeper) take_leave("keeper", keeper->wait(), plan_.keeper_dies);
    look_at_the_end();
    sum.add(map_.stats(false));
    judge({plan_, kind, {arena_.books.data(), started_}, kills_, std::move(wrong_)}, sum);
  }

 private:
  struct process {
    test_support::child child;
    std::size_t number;
    bool dies;
    bool ended = false;
  };

  // The holder of the mutex is interrupted as others are, on a machine that may have more to do.
  twinmap::options settings() const {
    return {.max_bytes = 8ull << 20,
            .directory = name_.directory(),
            .lock_timeout = std::chrono::hours(24)};
  }
  void expect(bool holds, const char* otherwise) {
    if (!holds) wrong_.emplace_back(otherwise);
  }

  void start(std::size_t calls, bool dies) {
    const std::size_t number = started_++;
    arena_.books[number].reset();
    const bool read_only = plan_.read_only_process && number + 1 == plan_.processes;
    std::optional<std::size_t> dies_after;
    if (dies) dies_after = random_.below(calls);
    running_.push_back({test_support::child([this, number, calls, dies_after, read_only] {
                          work(number, calls, dies_after, read_only);
                        }),
                        number, dies});
  }
  // Half of the processes attach by themselves, half use what they have from the fork (P10).
  void work(std::size_t number, std::size_t calls, std::optional<std::size_t> dies_after,
            bool read_only) {
    Map own;
    if (read_only)
      own = Map(twinmap::open_read_only, name_, settings());
    else if (number % 2 == 0)
      own = Map(twinmap::open_only, name_, settings());
    worker<Map> me(own ? own : map_, plan_, arena_.books[number],
                   static_cast<std::uint16_t>(number), read_only);
    ++arena_.arrived;
    wait_until([&] { return arena_.open.load(); });
    me.run(calls, dies_after);
  }

  void keep_the_map() {
    Map own(twinmap::open_only, name_, settings());
    std::optional<std::size_t> dies_after;
    if (plan_.keeper_dies) dies_after = random_.below(20);
    keep(own, plan_.seed, arena_.keeper_stops, arena_.books.back().inside, dies_after);
  }

  // Who was killed is replaced, by a process that makes the calls that are left.
  void wait_for_all() {
    wait_until([&] {
      for (std::size_t i = 0; i != running_.size(); ++i)
        if (!running_[i].ended && !running_[i].child.running()) take_leave(i);
      return std::all_of(running_.begin(), running_.end(), [](const auto& p) { return p.ended; });
    });
  }
  void take_leave(std::size_t i) {
    process& one = running_[i];
    one.ended = true;
    const test_support::outcome ended = one.child.wait();
    const std::size_t made = arena_.books[one.number].calls;
    take_leave("process " + std::to_string(one.number), ended, one.dies);
    if (one.dies) start(plan_.calls_each - std::min(made, plan_.calls_each - 1), false);
  }
  void take_leave(const std::string& who, const test_support::outcome& ended, bool was_to_die) {
    kills_ += was_to_die && ended.signal == SIGKILL;
    if (was_to_die ? ended.signal == SIGKILL : ended == 0) return;
    std::ostringstream text;
    text << who << ": " << ended;
    wrong_.push_back(text.str());
  }

  // Nobody else runs: what stands is what the last of the operations left, and the map is sound.
  void look_at_the_end() {
    if (kills_ != 0) twinmap::sweep(map_);
    const std::size_t number = started_++;
    arena_.books[number].reset();
    worker<Map>(map_, plan_, arena_.books[number], static_cast<std::uint16_t>(number), false)
        .look_at_the_end();
    std::uint64_t count = 0;
    map_.for_each([&](const auto&, const auto&) { return ++count != 0; });
    expect(map_.size() == count, "size() is not what for_each counts");
    expect(map_.empty() == (count == 0), "empty() does not agree with size()");
    for (const std::string& finding : twinmap::check(map_).findings)
      wrong_.push_back("check: " + finding);
  }

  const plan& plan_;
  arena& arena_;
  test_maps::random_source random_;
  test_support::scoped_name name_;
  Map map_;
  std::vector<process> running_;
  std::size_t started_ = 0;
  std::uint64_t kills_ = 0;
  std::vector<std::string> wrong_;
};

}  // namespace linearizability
