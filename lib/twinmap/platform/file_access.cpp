#include <twinmap/platform/file_access.hpp>

#include <fcntl.h>
#include <pwd.h>
#include <array>
#include <cerrno>
#include <cstdio>
#include <vector>

namespace twinmap::platform {
namespace {

const char* kind_of(mode_t mode) noexcept {
  if (S_ISLNK(mode)) return "a symbolic link";
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  return "not a regular file";
}

[[noreturn]] void refuse_kind(const std::string& map, const std::string& path,
                              const struct stat& status) {
  raise(errc::permission_denied, map,
        describe(path, status) + " is " + kind_of(status.st_mode) +
            ", and only regular files are attached");
}

[[noreturn]] void explain(const std::string& map, const std::string& path, access mode, int error) {
  if (error == ENOENT) raise(errc::not_found, map, "there is no " + path);
  struct stat status;
  const bool known = ::lstat(path.c_str(), &status) == 0;
  if (known && !S_ISREG(status.st_mode)) refuse_kind(map, path, status);
  const std::string what = known ? describe(path, status) : path;
  const char* purpose = mode == access::read_only ? " for reading" : " for writing";
  raise_system(error, map, "uid " + std::to_string(::geteuid()) + " cannot open " + what + purpose);
}

}  // namespace

std::string describe(const std::string& path, const struct stat& status) {
  char mode[8];
  std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(status.st_mode & 07777));
  return path + " (owner uid " + std::to_string(status.st_uid) + ", group gid " +
         std::to_string(status.st_gid) + ", mode " + mode + ")";
}

unique_descriptor open_existing(const std::string& map, const std::string& path, access mode) {
  const int how = mode == access::read_only ? O_RDONLY : O_RDWR;
  unique_descriptor file(
      ::open(path.c_str(), how | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) explain(map, path, mode, errno);
  return file;
}

struct stat status_of(const std::string& map, const std::string& path, int file) {
  struct stat status;
  if (::fstat(file, &status) != 0) raise_system(errno, map, "cannot examine " + path);
  return status;
}

void require_regular(const std::string& map, const std::string& path, const struct stat& status) {
  if (!S_ISREG(status.st_mode)) refuse_kind(map, path, status);
}

bool in_group(gid_t group) {
  if (::getegid() == group) return true;
  const int count = ::getgroups(0, nullptr);
  if (count <= 0) return false;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  const int got = ::getgroups(count, groups.data());
  for (int i = 0; i < got; ++i) {
    if (groups[static_cast<std::size_t>(i)] == group) return true;
  }
  return false;
}

bool is_daemon_user(uid_t user) noexcept {
  // Debian's bound of system accounts. A person who is called twinmap is no daemon.
  constexpr uid_t last_system_user = 999;
  if (user > last_system_user) return false;
  std::array<char, 4096> memory;
  passwd entry;
  passwd* found = nullptr;
  return ::getpwnam_r("twinmap", &entry, memory.data(), memory.size(), &found) == 0 &&
         found != nullptr && found->pw_uid == user;
}

}  // namespace twinmap::platform
