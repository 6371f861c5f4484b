// How far a long verb is, for the person who waits for it.
#pragma once

#include <cli/settings.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace twinmap::cli {

/// One line on stderr that is drawn over and over, and stays when the work is done:
///
///     dump quotes [==============>                ]  47 %  128000 keys  0:02, 0:02 left
///
/// Only on a terminal and without -q; otherwise no member does anything. Where the total is not
/// known (0) the line only counts.
class progress_bar {
 public:
  /// `unit` is what `count` counts. Draws the empty bar at once.
  progress_bar(const settings& common, std::string title, std::uint64_t total, std::string unit);
  progress_bar(const progress_bar&) = delete;
  progress_bar& operator=(const progress_bar&) = delete;
  /// Leaves the line as it stands, and goes to the next: what went wrong is said below it.
  ~progress_bar();

  /// `done` of the total, and how many units that were. Drawn at most ten times a second.
  void at(std::uint64_t done, std::uint64_t count);
  /// The total is known only now, or is another one.
  void total(std::uint64_t total) { total_ = total; }
  /// All is done: draws the full bar.
  void finish();

 private:
  using clock = std::chrono::steady_clock;

  void draw();
  std::string line(std::size_t width) const;
  std::string times(double seconds) const;

  bool shown_;
  std::string title_;
  std::string unit_;
  std::uint64_t total_;
  std::uint64_t done_ = 0;
  std::uint64_t count_ = 0;
  clock::time_point started_;
  clock::time_point drawn_;
};

}  // namespace twinmap::cli
