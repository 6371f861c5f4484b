// A process that does to a map what a caretaker may do at any time, in any order.
#pragma once

#include <twinmap/any_map.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace linearizability {

// Until `stop`. One that is to die is interrupted as the workers are, and killed inside a call; the
// others hurry, so that tables come and go while workers are suspended.
void keep(twinmap::any_map& map, std::uint64_t seed, const std::atomic<bool>& stop,
          std::atomic<std::uint64_t>& interruptions, std::optional<std::size_t> dies_after);

}  // namespace linearizability
