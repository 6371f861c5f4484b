// One attachment to a map, on which calls are made by name.
#pragma once

#include <step/call.hpp>
#include <twinmap/options.hpp>

#include <memory>
#include <string>

namespace step_tests {

enum class flavour {
  numbers,  // map<std::uint64_t, std::uint64_t>: changed in place
  texts     // map<std::string, std::string>: values in slots and in blocks
};

// A small map: an image of it is quickly compared.
twinmap::options small_map();

class actor {
 public:
  virtual ~actor() = default;
  // Errors of the library are part of the answer. `stepped`: the call of the member itself, without
  // what converts its arguments, is the stretch that is stepped.
  virtual answer perform(const call& what, bool stepped = false) = 0;
  void perform(const calls& many) {
    for (const call& each : many)
      perform(each);
  }
};

// Attached to nothing at first.
std::unique_ptr<actor> make_actor(flavour kind, const std::string& name,
                                  const twinmap::options& wanted = small_map());

}  // namespace step_tests
