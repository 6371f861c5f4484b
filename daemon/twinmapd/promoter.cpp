#include <twinmapd/promoter.hpp>

#include <algorithm>

namespace twinmapd {
namespace {

// While a map is amended it is looked at this often, for its misses.
constexpr std::chrono::milliseconds tick{10};

// At most 5 % of the time goes into copies: after one that took t, 19 t without.
constexpr int rest_per_cost = 19;

}  // namespace

time_point promoter::pass(hold& map, const outlook& seen, const promotion_config& policy,
                          time_point now) {
  if (!seen.amended) return time_point::max();
  const time_point of_age = std::max(now - seen.amended_for + policy.max_age, not_before_);
  if (now < of_age) return std::min(of_age, now + tick);
  if (map.promote()) ++promotions_;
  const time_point end = steady_clock::now();
  cost_ += end - now;
  finish(end);
  return end + tick;
}

void promoter::finish(time_point end) {
  not_before_ = end + cost_ * rest_per_cost;
  last_cost_ = std::exchange(cost_, std::chrono::nanoseconds(0));
}

}  // namespace twinmapd
