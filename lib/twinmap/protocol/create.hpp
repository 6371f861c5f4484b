#pragma once

#include <twinmap/protocol/handle.hpp>
#include <twinmap/storage/plan.hpp>

namespace twinmap::protocol {

/// A segment that has everything but a name: header, an empty read table, the first slots. Raises
/// no_space and what `plan_regions` raises.
platform::segment_file create_segment(const attach_request& request,
                                      const platform::map_location& where);

}  // namespace twinmap::protocol
