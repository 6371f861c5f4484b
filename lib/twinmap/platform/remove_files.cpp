#include <twinmap/platform/lock_name.hpp>
#include <twinmap/platform/segment_file.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <cerrno>
#include <exception>
#include <thread>

namespace twinmap::platform {

namespace {

// A left-over that cannot be removed now stands in nobody's way who may remove it: he who uses the
// name next does.
void remove_lock_file(const map_location& where, const unique_descriptor& lock) noexcept {
  if (!lock || !is_lock_file(lock.get())) return;
  constexpr int attempts = 1000;
  for (int attempt = 0; attempt != attempts; ++attempt) {
    try {
      if (try_remove_lock_name(where, lock.get())) return;
    } catch (const std::exception&) {
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace

// The lock file is opened before the segment loses its name: a file that was there already cannot
// be that of a segment which gets the name afterwards. And the segment goes first, so that nobody
// can make a second lock file for it.
bool remove_files(const map_location& where) {
  const std::string path = where.segment_path();
  const unique_descriptor lock(
      ::open(where.lock_path().c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (::unlink(path.c_str()) != 0) {
    if (errno == ENOENT) return false;
    const int error = errno;
    struct stat status;
    const bool known = ::lstat(path.c_str(), &status) == 0;
    raise_system(error, where.name,
                 "uid " + std::to_string(::geteuid()) + " cannot remove " +
                     (known ? describe(path, status) : path));
  }
  remove_lock_file(where, lock);
  return true;
}

}  // namespace twinmap::platform
