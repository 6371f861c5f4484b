// What is done while a reader stands still; each is a run of its own.
#pragma once

#include <step/call.hpp>
#include <step/stage.hpp>

#include <string>
#include <vector>

namespace step_tests {

// Whoever looks at the key again finds another value than before, or none.
struct upheaval {
  const char* name;
  calls (*made)(const stage& on);
};
const std::vector<upheaval>& upheavals();
const upheaval& upheaval_called(const std::string& name);

// The key that the lookup is about, or one of those.
std::string key_read(const stage& on);

}  // namespace step_tests
