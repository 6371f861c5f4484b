// The child processes of a run: started, killed, replaced, and always reaped.
#pragma once

#include <demo_program/board.hpp>
#include <demo_program/data_set.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace demo {

struct kill_count {
  std::uint64_t kills = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(operation::count)> by_operation{};

  std::uint64_t inside() const;  ///< kills that landed in an operation
};

class crew {
 public:
  crew(const stage& at, board& shared) : at_(at), shared_(shared) {}
  crew(const crew&) = delete;
  crew& operator=(const crew&) = delete;
  ~crew();  ///< kills and reaps whoever is left

  /// Runs one child to its end, such as the loader. Throws if it failed; false if `interrupted`
  /// said so before.
  bool run_alone(const std::function<void()>& body, const std::function<bool()>& interrupted);

  void start();
  void kill_victim_and_replace();

  /// Notices children that ended unasked: returns the numbers of their lines.
  std::vector<std::size_t> lost();

  /// Tells everyone to stop and waits for them, not for ever. Returns the lines of those that did
  /// not end well.
  std::vector<std::size_t> finish();

  const kill_count& kills() const { return kills_; }

 private:
  void start_line(std::size_t line);

  const stage& at_;
  board& shared_;
  std::array<int, process_count> pids_{};
  kill_count kills_;
};

/// Readers 0 and 1 may write to the map, as most programs that attach may; 2 and 3 may not.
inline bool read_only_reader(std::size_t line) {
  return line < reader_count && line >= 2;
}
std::string name_of_line(std::size_t line);

}  // namespace demo
