#include <twinmapd/hold.hpp>

#include <algorithm>

namespace twinmapd {

outlook hold::look(time_point now) {
  const twinmap::map_stats stats = map_.stats(false);
  if (!amended_ || stats.promotions != promotions_) amended_since_ = now;
  amended_ = stats.amended;
  promotions_ = stats.promotions;
  return {.retired = map_.retired(),
          .amended = stats.amended,
          .amended_for = stats.amended ? now - amended_since_ : std::chrono::nanoseconds(0),
          .writers = stats.writers - std::min<std::uint64_t>(stats.writers, 1)};
}

}  // namespace twinmapd
