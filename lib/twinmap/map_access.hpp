#pragma once

// The way from a public handle to the protocol's: for the sources of this layer alone, not
// installed.

#include <twinmap/any_map.hpp>

namespace twinmap {

struct detail::map_access {
  static protocol::handle& handle(const any_map& map) { return map.attached(); }
};

}  // namespace twinmap
