// The daemon of a run: an ordinary twinmapd over the run's own directory, with a socket of its own.
// It is killed half way and started again. Without it the demo goes on (P9).
#pragma once

#include <sys/types.h>
#include <demo_program/data_set.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace demo {

/// What became of the daemon.
struct daemon_count {
  bool runs = false;      ///< it could be started, or is to be started again
  bool finished = false;  ///< it ended because the run did
  pid_t pid = 0;          ///< 0: it is not there now
  std::uint64_t kills = 0;
  std::uint64_t adoptions = 0;  ///< times that a daemon of this run took the map into its care

  std::string_view state() const {
    if (!runs) return "none";
    if (finished) return "ended";
    return pid == 0 ? "killed" : "alive";
  }
};

class caretaker {
 public:
  /// Starts nothing yet. `program` is the twinmapd to run.
  caretaker(const stage& at, std::string program) : at_(at), program_(std::move(program)) {}
  caretaker(const caretaker&) = delete;
  caretaker& operator=(const caretaker&) = delete;
  ~caretaker();  ///< kills and reaps it

  /// Starts the daemon and waits for it to adopt the map, not for ever. Says so on stderr if that
  /// did not happen; then the run goes on without a daemon.
  void start(const record_map& map);

  /// To be called often: kills the daemon when half of the time is over, starts it again a little
  /// later, and notices that it adopts the map or ended unasked.
  void tick(const record_map& map, double share_of_time, std::vector<std::string>& failures);

  /// Waits for the adoption that is still due, ends the daemon as systemd would, and says what went
  /// wrong.
  void finish(const record_map& map, std::vector<std::string>& failures);

  const daemon_count& count() const { return count_; }

 private:
  void launch();
  void note_adoption(const record_map& map);
  bool ended(int& status);
  std::string last_words() const;

  const stage& at_;
  std::string program_;
  daemon_count count_;
  bool adopted_ = false;  ///< by the daemon that runs now
  std::chrono::steady_clock::time_point again_at_{};
};

/// The twinmapd that was built together with this program.
std::string daemon_beside_this_program();

}  // namespace demo
