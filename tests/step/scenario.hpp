// What is stepped: a map is prepared, one process comes and makes one call.
#pragma once

#include <step/actor.hpp>
#include <step/call.hpp>

#include <string>
#include <vector>

namespace step_tests {

struct scenario {
  std::string path;  // which way through the library; `run.member` says which call
  flavour kind = flavour::texts;
  calls prepare;   // by a process that is gone when the stepped one comes; begins with create_only
  calls approach;  // by the stepped process, before it is; begins with open_only
  call run;
  std::string name() const;  // of all scenarios this one's only, for test names
};

// Keys and values of both flavours.
std::string key_of(flavour kind, int i);
std::string value_of(flavour kind, int i);

const std::vector<scenario>& mutations();

}  // namespace step_tests
