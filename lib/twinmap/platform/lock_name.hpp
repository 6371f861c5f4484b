#pragma once

#include <twinmap/platform/descriptor.hpp>
#include <twinmap/platform/lock_file.hpp>

namespace twinmap::platform {

/// The lock file that belongs to `segment`, found under its name or made there: `lock_file::open`
/// says how.
unique_descriptor open_lock_of(const map_location& where, const segment_file& segment,
                               const segment_uuid& uuid, const ownership& owner,
                               std::chrono::nanoseconds patience);

/// Whether an open file has the header of a lock file, of whatever segment.
bool is_lock_file(int file) noexcept;

}  // namespace twinmap::platform
