// A process that does to a map what a caretaker may do at any time, in any order.
#pragma once

#include <twinmap/any_map.hpp>

#include <atomic>
#include <cstdint>

namespace linearizability {

// Until `stop`.
void keep(twinmap::any_map& map, std::uint64_t seed, const std::atomic<bool>& stop);

}  // namespace linearizability
