// The end of a run: every record once more, a sweep, the check, and what all of it adds up to.
#pragma once

#include <demo_program/board.hpp>
#include <demo_program/caretaker.hpp>
#include <demo_program/crew.hpp>

#include <string>
#include <vector>

namespace demo {

struct run_facts {
  const kill_count& kills;
  const daemon_count& daemon;
  std::uint64_t promotions = 0;       ///< while the processes worked
  std::uint64_t by_daemon = 0;        ///< of those, the daemon's
  std::vector<std::string> failures;  ///< of the processes, met while they ran
  std::string corrupted_key;          ///< empty unless --corrupt
};

/// Prints the summary. True if the run is good: no mismatch, no finding, and nothing that should
/// have happened stayed at zero.
bool judge(const stage& at, const board& shared, const run_facts& facts);

}  // namespace demo
