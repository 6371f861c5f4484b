// From the library's counters to a line of the table.
#pragma once

#include <unistd.h>
#include <demo_program/board.hpp>
#include <demo_program/data_set.hpp>

namespace demo {

/// A map that tells what this process alone did with it; stats() tells what all did together.
class counted_map : public record_map {
 public:
  using record_map::map;

  /// Of this thread.
  const auto& lookups() const { return attached().counters(); }

  /// The counters of the lease that this process writes under: others wrote under it before, so
  /// only differences mean anything. Null on a read-only handle, which has none.
  const twinmap::storage::counter_array* lease_counters() const {
    if (read_only()) return nullptr;
    const twinmap::storage::segment_view& view = attached().view;
    for (std::uint32_t slot = 0; slot != view.header->constant.max_writers; ++slot) {
      const twinmap::storage::lease_page& lease = view.lease(slot);
      const bool mine = lease.who.process == static_cast<std::uint32_t>(::getpid());
      if (mine && lease.who.held != 0) return &lease.counts;
    }
    return nullptr;
  }
};

/// Keeps a line up to date. A replaced process goes on counting where the one before it was killed.
class tally {
 public:
  tally(const counted_map& map, process_line& line)
      : map_(map), line_(line), lease_(map.lease_counters()) {
    base_.hits_read = line.hits_read;
    base_.hits_dirty = line.hits_dirty;
    base_.retries = line.retries;
    base_.promotions = line.promotions - leased(promotions);
    base_.take_overs = line.take_overs - leased(take_overs);
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
    line_.promotions = base_.promotions + leased(promotions);
    line_.take_overs = base_.take_overs + leased(take_overs);
  }

 private:
  static constexpr unsigned between = 512;
  static constexpr auto promotions = twinmap::storage::counter::promotions;
  static constexpr auto take_overs = twinmap::storage::counter::take_overs;

  std::uint64_t leased(twinmap::storage::counter which) const {
    return lease_ == nullptr ? 0 : (*lease_)[static_cast<std::size_t>(which)].load();
  }

  const counted_map& map_;
  process_line& line_;
  const twinmap::storage::counter_array* lease_;
  twinmap::map_stats base_;
  unsigned since_ = 0;
};

}  // namespace demo
