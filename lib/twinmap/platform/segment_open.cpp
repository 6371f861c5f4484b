#include <twinmap/platform/file_access.hpp>
#include <twinmap/platform/segment_file.hpp>

#include <sys/stat.h>

namespace twinmap::platform {
namespace {

// (P10) A file whose owner I have no reason to trust is accepted only through a group that we
// share: its owner gave that group its permission, and I am in it.
bool trusted_owner(const struct stat& status, access mode, const trust& whom) {
  if (status.st_uid == ::geteuid() || status.st_uid == 0) return true;
  if (whom.trusted_owner && status.st_uid == *whom.trusted_owner) return true;
  const mode_t needed = mode == access::read_only ? S_IRGRP : S_IRGRP | S_IWGRP;
  if ((status.st_mode & needed) == needed && in_group(status.st_gid)) return true;
  return is_daemon_user(status.st_uid);  // last, as it may take long
}

void require_trust(const std::string& map, const std::string& path, const struct stat& status,
                   access mode, const trust& whom) {
  if (!trusted_owner(status, mode, whom)) {
    raise(errc::permission_denied, map,
          describe(path, status) + " belongs neither to uid " + std::to_string(::geteuid()) +
              ", nor to root, nor to the daemon, nor to the trusted owner, nor to a group of mine "
              "with the permission");
  }
  if ((status.st_mode & S_IWOTH) != 0 && !whom.world_writable_ok) {
    raise(errc::permission_denied, map, describe(path, status) + " can be written by anybody");
  }
}

}  // namespace

segment_file segment_file::open(const map_location& where, access mode, const trust& whom) {
  const std::string path = where.segment_path();
  unique_descriptor file = open_existing(where.name, path, mode);
  const struct stat status = status_of(where.name, path, file.get());
  require_regular(where.name, path, status);
  require_trust(where.name, path, status, mode, whom);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  if (size == 0 || size % page != 0) {
    raise(errc::corrupted, where.name,
          path + " has " + std::to_string(size) + " bytes, which is not a whole number of pages");
  }
  segment_file result;
  result.access_ = mode;
  result.descriptor_ = file.release();
  result.map(where.name, size);
  return result;
}

std::optional<file_identity> identity_of(const std::string& path) {
  struct stat status;
  if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return identity_from(status);
}

}  // namespace twinmap::platform
