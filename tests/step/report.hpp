// What a run did, as a line for the table, and how much of all the usual form does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace step_tests {

// Appended to the file that TWINMAP_STEP_REPORT names, if it does, and printed: separated by tabs.
void report(const std::string& what, const std::string& member, const std::string& path,
            std::uint64_t instructions, std::size_t images, int failures);

// Of 0 to `count` - 1: all in the long form; else about `most`, evenly spread, the first and the
// last among them.
std::vector<std::size_t> sampled(std::size_t count, std::size_t most = 12);

}  // namespace step_tests
