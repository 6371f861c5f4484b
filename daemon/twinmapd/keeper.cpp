#include <twinmapd/keeper.hpp>

namespace twinmapd {

time_point next_second(time_point now) {
  return std::chrono::ceil<std::chrono::seconds>(now + std::chrono::nanoseconds(1));
}

time_point keeper::pass(twinmap::caretaker& hold, const twinmap::care_state& seen, time_point now) {
  if (seen.writers == 0 && seen.deaths == 0 && !dead_) return time_point::max();
  if (now < next_) return next_;
  // Once a second, and as soon as somebody else has noticed a death.
  next_ = next_second(now);
  // Once seen it stays so until a sweep has come to its end.
  dead_ = hold.tend() != 0 || seen.deaths != 0 || dead_;
  return next_;
}

}  // namespace twinmapd
