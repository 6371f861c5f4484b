#pragma once

// Orders for two workers on one map, and what their answers say. Worker 0 is who loads when the
// other writes.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "../crew.hpp"
#include "../keys.hpp"
#include "board.hpp"

namespace bench::beside {

/// Two kinds of passes that took turns, so that their ratio is not that of two states of the
/// machine.
struct pair_of_kinds {
  std::vector<double> first;   ///< nanoseconds per operation of each pass, mean over the workers
  std::vector<double> second;  ///< likewise
  std::vector<double> writer;  ///< of the second kind: nanoseconds per store of the other worker
  std::vector<double> writer_ran;  ///< and the share of the time in which it had a processor

  /// The median over the pairs of what the second kind cost relative to the first.
  double ratio() const;
};

double mean(const std::vector<double>& samples);

/// How a writer inserts while the other worker loads. It keeps pace with the loads: everyone's
/// reader then does the same number of them, and misses enough that promotions come.
struct growth_plan {
  std::size_t first = 0;  ///< index of the first key that is inserted
  std::size_t count = 0;  ///< keys inserted
  std::size_t loads_per_insert = 1;
  std::size_t latest = 0;  ///< every second load asks for one of that many that came last
};

/// Two workers on a map that holds the keys of a sequence, and `pairs` passes of each kind. Each
/// member throws if an answer was
/// wrong.
class duet {
 public:
  duet(crew& team, board& said, const sequence& keys, int pairs)
      : team_(team), said_(said), keys_(keys), pairs_(pairs) {}

  /// Hits of one worker, while the other is idle, and while it stores to all keys.
  pair_of_kinds hits_beside_stores();
  /// Hits of one worker, and of both.
  pair_of_kinds hits_of_one_and_two();
  /// Stores of one worker to its half of the keys, and of both, each to its own.
  pair_of_kinds stores_of_one_and_two();
  /// Loads of random keys that are there, while the other worker inserts; their times go to the
  /// board.
  void loads_while_growing(const growth_plan& planned);

 private:
  using orders = std::vector<task>;

  std::vector<outcome> run(company with, const orders& given);
  /// The hits that worker `worker` does in its next pass.
  task hits(std::size_t worker, std::size_t count) const;
  task stores(std::size_t worker, std::size_t count);
  void take_beside(pair_of_kinds& into);
  void check_size(std::size_t expected);

  crew& team_;
  board& said_;
  const sequence& keys_;
  const int pairs_;
  std::size_t done_ = 0;     // how far in the sequence earlier passes came
  std::uint64_t round_ = 0;  // of stores
};

}  // namespace bench::beside
