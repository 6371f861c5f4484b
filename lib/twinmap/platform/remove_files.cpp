#include <twinmap/platform/lock_name.hpp>
#include <twinmap/platform/take_name.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <cerrno>
#include <exception>
#include <thread>

namespace twinmap::platform {

namespace {

// Where the file system lets only one at a time take a name, he is waited for so long.
constexpr int attempts = 1000;

name_taken take_name(const name_of_file& name, int file) {
  for (int attempt = 0; attempt != attempts; ++attempt) {
    const name_taken result = try_take_name(name, file);
    if (result != name_taken::not_now) return result;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  errno = EBUSY;
  return name_taken::refused;
}

unique_descriptor open_if_there(const std::string& path) noexcept {
  return unique_descriptor(
      ::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

// A left-over that cannot be removed now stands in nobody's way who may remove it: he who uses the
// name next does.
void remove_lock_file(const map_location& where, const unique_descriptor& lock) noexcept {
  struct stat status;
  if (!lock || !is_lock_file(lock.get()) || ::fstat(lock.get(), &status) != 0) return;
  try {
    take_name(name_of_file(where.lock_path(), identity_from(status)), lock.get());
  } catch (const std::exception&) {
    return;
  }
}

[[noreturn]] void refuse(const map_location& where, const std::string& path, int error) {
  struct stat status;
  const bool known = ::lstat(path.c_str(), &status) == 0;
  raise_system(error, where.name,
               "uid " + std::to_string(::geteuid()) + " cannot remove " +
                   (known ? describe(path, status) : path));
}

// What cannot be opened, or is no file, goes by its name alone.
bool remove_whatever_is_there(const map_location& where, const std::string& path) {
  if (::unlink(path.c_str()) == 0) return true;
  if (errno != ENOENT) refuse(where, path, errno);
  return false;
}

bool remove_segment(const map_location& where, int segment) {
  const std::string path = where.segment_path();
  unique_descriptor found;
  if (segment < 0) {
    found = open_if_there(path);
    segment = found.get();
  }
  struct stat status;
  if (segment < 0 || ::fstat(segment, &status) != 0 || !S_ISREG(status.st_mode))
    return remove_whatever_is_there(where, path);
  const name_of_file name(path, identity_from(status));
  const name_taken result = take_name(name, segment);
  if (result == name_taken::refused) refuse(where, path, errno);
  return result == name_taken::by_us;
}

}  // namespace

// The lock file is opened before the segment loses its name: a file that was there already cannot
// be that of a segment which gets the name afterwards. And the segment goes first, so that nobody
// can make a second lock file for it. Who did not take its name leaves the lock file to him who
// did: it may be the next map's.
bool remove_files(const map_location& where, int segment) {
  const unique_descriptor lock = open_if_there(where.lock_path());
  if (!remove_segment(where, segment)) return false;
  remove_lock_file(where, lock);
  clear_graves(where.directory);
  return true;
}

}  // namespace twinmap::platform
