#include <twinmap/platform/new_file.hpp>
#include <twinmap/platform/ofd_lock.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string_view>

namespace twinmap::platform {
namespace {

// The creator holds this byte of a temporary file until it has its final name. Byte 0 is shared by
// those who take that name away (take_name.hpp), and they wait for nobody.
constexpr std::uint64_t creation_byte = 1;

// Between making a temporary file and locking it lie microseconds; a file that is older and not
// locked is a left-over.
constexpr std::time_t left_over_age_seconds = 60;

std::string_view directory_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string_view file_name_of(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

void remove_if_left_over(const std::string& path) noexcept {
  const unique_descriptor file(
      ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat status;
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  if (std::time(nullptr) - status.st_mtime < left_over_age_seconds) return;
  if (byte_is_locked(file.get(), creation_byte) == 0) ::unlink(path.c_str());
}

void remove_left_overs(const std::string& directory, const std::string& prefix) {
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(directory.c_str()), &::closedir);
  if (!entries) return;
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (name.substr(0, prefix.size()) != prefix) continue;
    remove_if_left_over(directory + "/" + std::string(name));
  }
}

std::string random_suffix() {
  std::uint64_t bits = 0;
  if (::getrandom(&bits, sizeof bits, 0) != sizeof bits)
    bits = static_cast<std::uint64_t>(std::clock());
  char text[40];
  std::snprintf(text, sizeof text, "%d.%016llx", static_cast<int>(::getpid()),
                static_cast<unsigned long long>(bits));
  return text;
}

new_file make_with_temporary_name(const std::string& map, const std::string& final_path) {
  const std::string directory(directory_of(final_path));
  const std::string prefix = "." + std::string(file_name_of(final_path)) + ".";
  remove_left_overs(directory, prefix);
  for (int attempt = 0; attempt != 16; ++attempt) {
    std::string path = directory + "/" + prefix + random_suffix();
    unique_descriptor file(
        ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (file) {
      try_lock_byte(file.get(), creation_byte);
      return {std::move(file), std::move(path)};
    }
    if (errno != EEXIST) raise_system(errno, map, "cannot create a file in " + directory);
  }
  raise_system(EEXIST, map, "cannot find a free temporary name in " + directory);
}

bool lacks_tmpfile(int error) noexcept {
  return error == EOPNOTSUPP || error == EISDIR || error == EINVAL;
}

// Group before mode: changing the group may clear mode bits.
void apply(const std::string& map, const std::string& path, int file, const ownership& owner) {
  if (owner.group && ::fchown(file, static_cast<uid_t>(-1), *owner.group) != 0) {
    raise_system(errno, map,
                 "cannot give " + path + " to group gid " + std::to_string(*owner.group));
  }
  if (::fchmod(file, owner.mode) != 0) raise_system(errno, map, "cannot set the mode of " + path);
}

}  // namespace

new_file make_new_file(const std::string& map, const std::string& final_path,
                       const ownership& owner) {
  if ((owner.mode & ~static_cast<mode_t>(0777)) != 0) {
    raise_system(EINVAL, map, "the mode may hold only permission bits");
  }
  const std::string directory(directory_of(final_path));
  new_file made;
  made.file = unique_descriptor(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!made.file) {
    if (!lacks_tmpfile(errno)) raise_system(errno, map, "cannot create a file in " + directory);
    made = make_with_temporary_name(map, final_path);
  }
  try {
    apply(map, final_path, made.file.get(), owner);
  } catch (...) {
    drop_temporary_name(made.temporary_path);
    throw;
  }
  return made;
}

bool give_name(const std::string& map, int file, std::string& temporary_path,
               const std::string& final_path) {
  int result;
  if (temporary_path.empty()) {
    const std::string self = "/proc/self/fd/" + std::to_string(file);
    result = ::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, final_path.c_str(), AT_SYMLINK_FOLLOW);
    // No /proc here: the other way needs a privilege, or a kernel from 6.10 on.
    if (result != 0 && errno == ENOENT) {
      result = ::linkat(file, "", AT_FDCWD, final_path.c_str(), AT_EMPTY_PATH);
    }
  } else {
    result = ::link(temporary_path.c_str(), final_path.c_str());
    // A file system without hard links.
    if (result != 0 && (errno == EPERM || errno == EOPNOTSUPP)) {
      result = ::renameat2(AT_FDCWD, temporary_path.c_str(), AT_FDCWD, final_path.c_str(),
                           RENAME_NOREPLACE);
    }
  }
  const int error = errno;
  drop_temporary_name(temporary_path);
  unlock_byte(file, creation_byte);
  if (result == 0) return true;
  if (error == EEXIST) return false;
  raise_system(error, map, "cannot give a new file the name " + final_path);
}

void drop_temporary_name(std::string& temporary_path) noexcept {
  if (temporary_path.empty()) return;
  ::unlink(temporary_path.c_str());
  temporary_path.clear();
}

}  // namespace twinmap::platform
