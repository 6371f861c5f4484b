#pragma once

// From the protocol's numbers to the public structs; for the sources of this layer.

#include <twinmap/protocol/handle.hpp>
#include <twinmap/stats.hpp>

namespace twinmap::detail {

map_stats gather_stats(const protocol::handle& handle, bool by_state);
map_info describe(const protocol::handle& handle);

}  // namespace twinmap::detail
