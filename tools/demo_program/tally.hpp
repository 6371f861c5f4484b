// From the library's counters to a line of the table.
#pragma once

#include <demo_program/board.hpp>
#include <demo_program/data_set.hpp>

namespace demo {

/// Keeps a line up to date. A replaced process goes on counting where the one before it was killed.
class tally {
 public:
  tally(const record_map& map, process_line& line) : map_(map), line_(line) {
    base_.hits_read = line.hits_read;
    base_.hits_dirty = line.hits_dirty;
    base_.retries = line.retries;
    base_.promotions = line.promotions;
    base_.take_overs = line.take_overs;
  }

  void operation_done() {
    line_.operations.store(line_.operations.load(std::memory_order_relaxed) + 1,
                           std::memory_order_relaxed);
    if (++since_ == between) publish();
  }

  void publish() {
    since_ = 0;
    const auto& own = map_.lookups();
    line_.hits_read = base_.hits_read + own.hits_read;
    line_.hits_dirty = base_.hits_dirty + own.hits_dirty;
    line_.retries = base_.retries + own.retries;
  }

 private:
  static constexpr unsigned between = 512;

  const record_map& map_;
  process_line& line_;
  twinmap::map_stats base_;
  unsigned since_ = 0;
};

}  // namespace demo
