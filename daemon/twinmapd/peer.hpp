// Who is at the other end of a unix socket, and what that one may do.
#pragma once

#include <sys/types.h>

#include <optional>

namespace twinmapd {

enum class permission { none, read, change };

/// Root and the daemon's own user may change; a member of the group may read. The kernel says who
/// the peer was when it connected.
class access_policy {
 public:
  /// The group of the readers; nothing: that of this process.
  explicit access_policy(std::optional<gid_t> readers);

  permission of(int socket) const;

 private:
  uid_t owner_;
  gid_t readers_;
};

}  // namespace twinmapd
