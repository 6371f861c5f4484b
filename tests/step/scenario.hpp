// What is stepped: a map is prepared, one process comes and makes one call.
#pragma once

#include <step/actor.hpp>
#include <step/call.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace step_tests {

struct scenario {
  std::string path;  // which way through the library; `run.member` says which call
  flavour kind = flavour::texts;
  calls prepare;   // by a process that is gone when the stepped one comes; begins with create_only,
                   // or leaves no map
  calls approach;  // by the stepped process, before it is; begins with open_only
  call run;
  std::string proof = {};         // the figure of map_stats that moves if this is the path
  std::uint64_t max_entries = 0;  // of the map; 0: as many as there may be
  int error = 0;                  // of errc: how the call fails, as it should
  bool full = false;  // prepare takes all memory there is; what of it finds none has no effect
  std::string name() const;  // of all scenarios this one's only, for test names
  bool has_map() const;      // as prepared
};

// Keys and values of both flavours: no two keys have the same value.
std::string key_of(flavour kind, int i);
std::string value_of(flavour kind, int i);

const std::vector<scenario>& mutations();
const std::vector<scenario>& lookups();

}  // namespace step_tests
