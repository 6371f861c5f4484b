// What a stopped call, and those that were made while it was, may have amounted to.
#pragma once

#include <step/aftermath.hpp>
#include <step/stage.hpp>

#include <vector>

namespace step_tests {

struct event {
  call made;
  answer got;
};
using history = std::vector<event>;

// What may stand under each key in the end, if the stopped call took place somewhere before, among
// or after those made meanwhile, one after another, and each answered as it did. Nothing for a key
// for which there is no such place: the history is not linearizable. A clear, a walk and a lookup
// of many keys take place key by key. Calls that failed had no effect.
possibilities ends_of(const stage& on, const history& meanwhile, const answer& of_stopped);

}  // namespace step_tests
