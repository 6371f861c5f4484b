#include <twinmapd/peer.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace twinmapd {
namespace {

// Linux allows 65,536 groups; who has more than that many here is treated as having none.
constexpr std::size_t most_groups = 65536;

std::vector<gid_t> groups_of(int socket) {
  std::vector<gid_t> groups(64);
  for (;;) {
    auto length = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length) == 0) {
      groups.resize(length / sizeof(gid_t));
      return groups;
    }
    if (errno != ERANGE || length / sizeof(gid_t) > most_groups) return {};
    groups.resize(length / sizeof(gid_t));
  }
}

}  // namespace

access_policy::access_policy(std::optional<gid_t> readers)
    : owner_(::geteuid()), readers_(readers.value_or(::getegid())) {}

permission access_policy::of(int socket) const {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return permission::none;
  if (peer.uid == 0 || peer.uid == owner_) return permission::change;
  if (peer.gid == readers_) return permission::read;
  const std::vector<gid_t> groups = groups_of(socket);
  const bool member = std::find(groups.begin(), groups.end(), readers_) != groups.end();
  return member ? permission::read : permission::none;
}

}  // namespace twinmapd
