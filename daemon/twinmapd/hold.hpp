// The daemon's hold on one map: all that it may do to it and see of it, in the terms of the
// promoter and the keeper.
#pragma once

#include <twinmap/admin.hpp>

#include <chrono>
#include <cstdint>

namespace twinmapd {

using steady_clock = std::chrono::steady_clock;
using time_point = steady_clock::time_point;

/// What one look at a map shows.
struct outlook {
  bool retired = false;
  bool amended = false;
  std::chrono::nanoseconds amended_for{0};
  std::uint64_t writers = 0;  ///< leases held by others
};

class hold {
 public:
  explicit hold(twinmap::any_map& map) : map_(map) {}

  outlook look(time_point now);

  /// True if dirty became read.
  bool promote() { return twinmap::promote(map_); }

 private:
  twinmap::any_map& map_;
  std::uint64_t promotions_ = 0;  ///< when it was last looked at
  bool amended_ = false;
  time_point amended_since_;
};

}  // namespace twinmapd
