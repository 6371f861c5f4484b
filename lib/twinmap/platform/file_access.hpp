#pragma once

#include <twinmap/platform/descriptor.hpp>

namespace twinmap::platform {

/// Opens an existing file without following a symbolic link and without ever blocking. Raises
/// not_found, or permission_denied with a text that says what stands in the way. `map` is for
/// messages.
unique_descriptor open_existing(const std::string& map, const std::string& path, access mode);

/// fstat that raises.
struct stat status_of(const std::string& map, const std::string& path, int file);

/// Raises permission_denied unless it is a regular file.
void require_regular(const std::string& map, const std::string& path, const struct stat& status);

/// Whether this process belongs to the group (effective or supplementary).
bool in_group(gid_t group);

/// Whether it is the user that the daemon's package makes: a system account called "twinmap". Asks
/// the system's user database, so it is for the path on which a file would else be refused.
bool is_daemon_user(uid_t user) noexcept;

}  // namespace twinmap::platform
