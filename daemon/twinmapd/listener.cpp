#include <twinmapd/listener.hpp>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace twinmapd {
namespace {

// As many as the kernel allows: connections beyond are refused by the kernel before they are seen.
constexpr int backlog = 4096;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::system_category(), what);
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    throw std::runtime_error(fmt::format("{} is too long for the path of a socket", path));
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

int make_socket() {
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) fail("socket");
  return descriptor;
}

/// Whether somebody answers. A full backlog is somebody too.
bool somebody_listens(const sockaddr_un& address) {
  const int probe = make_socket();
  const bool refused =
      ::connect(probe, generic(address), sizeof address) != 0 && errno == ECONNREFUSED;
  ::close(probe);
  return !refused;
}

/// Makes the file with no more than its owner's permissions, until its group is right.
int bind_privately(int socket, const sockaddr_un& address) {
  const mode_t before = ::umask(0177);
  const int result = ::bind(socket, generic(address), sizeof address);
  const int failure = errno;
  ::umask(before);
  errno = failure;
  return result;
}

int passed_by_systemd() {
  const int count = ::sd_listen_fds(1);
  if (count < 0) throw std::system_error(-count, std::system_category(), "sd_listen_fds");
  if (count == 0) return -1;
  const int descriptor = SD_LISTEN_FDS_START;
  if (count > 1 || ::sd_is_socket_unix(descriptor, SOCK_STREAM, 1, nullptr, 0) <= 0)
    throw std::runtime_error(
        "socket activation: exactly one listening unix stream socket is expected");
  return descriptor;
}

}  // namespace

listener::listener(const std::string& path, mode_t mode, std::optional<gid_t> group)
    : descriptor_(passed_by_systemd()) {
  if (descriptor_ >= 0) return;
  descriptor_ = make_socket();
  try {
    make(path, mode, group);
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

void listener::make(const std::string& path, mode_t mode, std::optional<gid_t> group) {
  const sockaddr_un address = address_of(path);
  int bound = bind_privately(descriptor_, address);
  if (bound != 0 && errno == EADDRINUSE) {
    struct stat facts {};
    if (::lstat(path.c_str(), &facts) == 0 && !S_ISSOCK(facts.st_mode))
      throw std::runtime_error(fmt::format("{} exists and is no socket", path));
    if (somebody_listens(address))
      throw std::runtime_error(fmt::format("another process listens on {}", path));
    ::unlink(path.c_str());
    bound = bind_privately(descriptor_, address);
  }
  if (bound != 0) fail("cannot make the socket " + path);
  path_ = path;
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) == 0) {
    device_ = facts.st_dev;
    inode_ = facts.st_ino;
  }
  if (group && ::chown(path.c_str(), static_cast<uid_t>(-1), *group) != 0) {
    const int failure = errno;
    ::unlink(path.c_str());
    errno = failure;
    fail(fmt::format("cannot give {} to group {}", path, *group));
  }
  if (::chmod(path.c_str(), mode) != 0) fail("cannot set the mode of " + path);
  if (::listen(descriptor_, backlog) != 0) fail("cannot listen on " + path);
}

listener::~listener() {
  struct stat facts {};
  if (!path_.empty() && ::lstat(path_.c_str(), &facts) == 0 && facts.st_dev == device_ &&
      facts.st_ino == inode_)
    ::unlink(path_.c_str());
  ::close(descriptor_);
}

}  // namespace twinmapd
