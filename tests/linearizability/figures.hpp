// What many histories amount to, and the judgement of one.
#pragma once

#include <twinmap/stats.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "book.hpp"
#include "plan.hpp"

namespace linearizability {

inline constexpr std::uint64_t least_overlap_percent = 30;

// Lives in shared memory: several processes run histories at the same time.
struct figures {
  bool quiet = false;  // violations are counted, and nothing is told or written

  std::atomic<std::uint64_t> histories{0};
  std::atomic<std::uint64_t> with_kills{0};
  std::atomic<std::uint64_t> short_ones{0};  // of fewer than 2,000 calls or 8 processes
  std::atomic<std::uint64_t> calls{0};
  std::atomic<std::uint64_t> checked{0};   // operations on a key, those of many-key calls included
  std::atomic<std::uint64_t> measured{0};  // of them, those of calls on one key that returned
  std::atomic<std::uint64_t> overlapping{
      0};                               // of the measured, those that overlap with another such
  std::atomic<std::uint64_t> dense{0};  // histories of which so many do
  std::atomic<std::uint64_t> interrupted{0};  // times a process was suspended inside a call
  std::atomic<std::uint64_t> kills{0};
  std::atomic<std::uint64_t> pending{0};
  std::atomic<std::uint64_t> violations{0};
  std::atomic<std::uint64_t> undecided{0};
  std::atomic<std::uint64_t> most_configurations{0};
  std::array<std::atomic<std::uint64_t>, members> used{};
  // What the maps went through, by their own counters.
  std::atomic<std::uint64_t> promotions{0};
  std::atomic<std::uint64_t> compactions{0};
  std::atomic<std::uint64_t> expunged{0};
  std::atomic<std::uint64_t> unexpunged{0};
  std::atomic<std::uint64_t> revived{0};
  std::atomic<std::uint64_t> take_overs{0};
  std::atomic<std::uint64_t> fix_ups{0};

  double overlap_percent() const;
  void add(const twinmap::map_stats& stats);
  void print() const;
};

// All that is known of one history, when its processes have ended.
struct finished {
  const plan& planned;
  const char* kind;       // of map
  std::span<book> books;  // one for each process
  std::uint64_t kills;
  std::vector<std::string> wrong;  // what is wrong whatever the order
};

// Adds the history to the figures. Of a violation it tells on stderr where the key's history was
// written to, and how to run it again.
void judge(const finished& history, figures& sum);

}  // namespace linearizability
