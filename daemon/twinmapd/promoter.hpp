// When a map is promoted: the policy. How: the library's `promotion`.
#pragma once

#include <twinmapd/config.hpp>
#include <twinmapd/hold.hpp>

namespace twinmapd {

class promoter {
 public:
  /// Does what is due, one step of it. When to come again; time_point::max() if nothing is amended.
  /// Throws twinmap::error.
  time_point pass(hold& map, const outlook& seen, const promotion_config& policy, time_point now);

  std::uint64_t promotions() const { return promotions_; }
  std::chrono::nanoseconds last_cost() const { return last_cost_; }

 private:
  void finish(time_point end);

  std::chrono::nanoseconds cost_{0};  ///< of the round under way
  std::chrono::nanoseconds last_cost_{0};
  time_point not_before_;  ///< what keeps the copies' share of the time
  std::uint64_t promotions_ = 0;
};

}  // namespace twinmapd
