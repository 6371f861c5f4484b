// When a map is promoted and compacted: the policy. How: the library.
#pragma once

#include <twinmap/admin.hpp>
#include <twinmapd/config.hpp>

#include <chrono>
#include <cstdint>

namespace twinmapd {

using steady_clock = std::chrono::steady_clock;
using time_point = steady_clock::time_point;

/// CPU time of the calling thread: what a copy costs, however busy the machine is.
std::chrono::nanoseconds thread_time() noexcept;

class promoter {
 public:
  /// Does what is due, one step of it, in under a millisecond or so but for the first step of a
  /// large copy. When to come again; time_point::max() if nothing is amended. Throws
  /// twinmap::error.
  time_point pass(twinmap::caretaker& hold, const twinmap::care_state& seen,
                  const promotion_config& policy, time_point now);

  /// When the map is to be compacted; time_point::max() if too little of it is deleted.
  time_point compaction_at(const twinmap::care_state& seen, const promotion_config& policy) const;

  /// A compaction has ended; `useful` if it left keys out.
  void compacted(bool useful, std::chrono::nanoseconds cost, time_point end);

  std::uint64_t promotions() const { return promotions_; }
  std::chrono::nanoseconds last_cost() const { return last_cost_; }

 private:
  void spent(std::chrono::nanoseconds cost, time_point end);
  bool due(const twinmap::care_state& seen, const promotion_config& policy, time_point now) const;

  bool preparing_ = false;  ///< a standby is half made
  time_point due_since_ = time_point::max();
  std::chrono::nanoseconds cost_{0};  ///< CPU time of the round under way
  std::chrono::nanoseconds last_cost_{0};
  time_point not_before_{};  ///< keeps the copies' share of the time
  time_point not_widened_before_{};
  time_point not_compacted_before_{};
  std::uint64_t promotions_ = 0;
};

}  // namespace twinmapd
