#pragma once

// From the protocol's numbers to the public structs; for the sources of this layer.

#include <twinmap/protocol/handle.hpp>
#include <twinmap/stats.hpp>

namespace twinmap::detail {

map_stats gather_stats(const protocol::handle& handle, bool by_state);
map_info describe(const protocol::handle& handle);
/// The fields that never change; the others are as in a fresh map_info. No system call.
map_info describe_constants(const protocol::handle& handle);
/// What a written type name asks for. Raises std::invalid_argument if it cannot be written.
protocol::type_request type_of_name(const std::string& name);
/// The same for keys, which are no floating-point numbers.
protocol::type_request key_type_of_name(const std::string& name);

}  // namespace twinmap::detail
