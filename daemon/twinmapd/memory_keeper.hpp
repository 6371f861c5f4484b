// A map's memory: committed before its writers need it, given back when nobody does.
#pragma once

#include <twinmap/admin.hpp>
#include <twinmapd/promoter.hpp>

#include <cstdint>
#include <optional>

namespace twinmapd {

class memory_keeper {
 public:
  /// Does what is due, a step of it. When to come again; time_point::max() once the map has been
  /// still for so long that there is nothing left to do. Throws twinmap::error.
  time_point pass(twinmap::any_map& map, const twinmap::care_state& seen, time_point now);

  std::uint64_t bytes_given_back() const { return given_back_; }

 private:
  void measure(const twinmap::any_map& map, time_point now);

  std::optional<twinmap::heap_keeper> heap_;  ///< while there is something to do
  std::uint64_t activity_ = 0;                ///< as last seen
  time_point active_until_{};
  time_point next_round_{};
  std::optional<std::uint64_t> used_;  ///< bytes, at the last round
  std::uint64_t ahead_ = 0;  ///< bytes that writers are expected to take until the next one
  bool gathering_ = false;
  std::uint64_t given_back_ = 0;
};

}  // namespace twinmapd
