// The live table: refreshed in place on a terminal, a line a second elsewhere.
#pragma once

#include <demo_program/board.hpp>
#include <demo_program/caretaker.hpp>
#include <demo_program/crew.hpp>

#include <array>
#include <chrono>
#include <string>

namespace demo {

using steady_time = std::chrono::steady_clock::time_point;

class display {
 public:
  display(const board& shared, const record_map& map, const daemon_count& daemon);

  /// To be called often; draws when it is time.
  void tick(const kill_count& kills);
  /// The whole table a last time, with rates over the whole run.
  void last(const kill_count& kills);

 private:
  struct promotion_count {
    std::uint64_t all;
    std::uint64_t by_daemon;
  };
  using rates = std::array<std::uint64_t, process_count>;

  std::array<std::uint64_t, process_count> operations() const;
  rates since(const std::array<std::uint64_t, process_count>& before, double seconds) const;
  std::string table(const rates& per_second, const kill_count& kills) const;
  std::string plain_line(const rates& per_second, const kill_count& kills) const;
  promotion_count promotions(const twinmap::map_stats& stats) const;
  std::string daemon_line(const twinmap::map_stats& stats) const;
  void erase_previous();

  const board& shared_;
  const record_map& map_;
  const daemon_count& daemon_;
  twinmap::map_stats begun_;  ///< as the map was when the processes began
  bool terminal_;
  steady_time begin_;
  steady_time drawn_;
  std::array<std::uint64_t, process_count> drawn_operations_{};
  std::size_t lines_on_screen_ = 0;
};

}  // namespace demo
