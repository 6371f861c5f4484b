// A process that stands still in the middle of a call while another one works, and then goes on.
#pragma once

#include <step/history.hpp>
#include <step/stage.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace step_tests {

// More instructions of its own no call on a key that exists may take, whoever stands still where.
inline constexpr std::uint64_t enough_steps = 60'000;
inline constexpr std::uint64_t steps_per_byte = 8;  // of the longest value

struct freeze {
  const stage& on;
  calls meanwhile;
  // Calls that need the mutex, which the stopped process may hold: these may time out.
  std::function<bool(const call&)> may_time_out = [](const call&) { return false; };
  std::chrono::nanoseconds lock_timeout = std::chrono::seconds(10);  // the other one's
  std::size_t first = 0;  // of the survey's places: none before it
  fate stop = {};
  std::uintptr_t instruction = 0;  // where that is
  bool counted = false;            // the other one's own steps are
};

// In a process of its own. Fails the test if anybody waits, or if the history is not linearizable,
// or if the map is not as it should be afterwards.
void stand_still(const freeze& how);

// Stands still at about `most` places of the survey, evenly spread, at as many moments, and right
// before those; at the moments the other one's steps are counted, if `counted`. Reports it as
// `what`.
void freeze_everywhere(const std::string& what, const survey& found, std::size_t most, freeze how,
                       bool counted);

}  // namespace step_tests
