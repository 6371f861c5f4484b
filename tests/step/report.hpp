// What a run did, as a line for the table, and how much of all the usual form does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace step_tests {

struct figures_of_a_run {
  std::uint64_t instructions = 0;  // of the call
  std::size_t images = 0;          // others can see on the way
  std::size_t places = 0;          // where it makes a difference to stop
  std::size_t stops = 0;           // made, at most one at each place
  int failures = 0;
};

// Appended to the file that TWINMAP_STEP_REPORT names, if it does, and printed: separated by tabs.
void report(const std::string& what, const std::string& member, const std::string& path,
            const figures_of_a_run& figures);

// Of 0 to `count` - 1 about `most` (four times as many in the long form), evenly spread, the first
// and the last among them. TWINMAP_STEP_MOST in the environment takes the place of `most`; 0: all.
std::vector<std::size_t> sampled(std::size_t count, std::size_t most = 8);
// The same of scenarios; TWINMAP_STEP_MOST, whatever it is, stands for all of them.
std::vector<std::size_t> some_scenarios(std::size_t count, std::size_t most);

}  // namespace step_tests
