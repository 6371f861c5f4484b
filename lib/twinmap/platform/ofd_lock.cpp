#include <twinmap/platform/ofd_lock.hpp>

#include <fcntl.h>

namespace twinmap::platform {
namespace {

struct flock one_byte(short type, std::uint64_t byte) noexcept {
  struct flock request = {};  // l_pid has to be 0 for these commands
  request.l_type = type;
  request.l_whence = SEEK_SET;
  request.l_start = static_cast<off_t>(byte);
  request.l_len = 1;
  return request;
}

}  // namespace

bool try_lock_byte(int file, std::uint64_t byte) noexcept {
  struct flock request = one_byte(F_WRLCK, byte);
  return ::fcntl(file, F_OFD_SETLK, &request) == 0;
}

bool try_share_byte(int file, std::uint64_t byte) noexcept {
  struct flock request = one_byte(F_RDLCK, byte);
  return ::fcntl(file, F_OFD_SETLK, &request) == 0;
}

void unlock_byte(int file, std::uint64_t byte) noexcept {
  struct flock request = one_byte(F_UNLCK, byte);
  ::fcntl(file, F_OFD_SETLK, &request);
}

namespace {

int stands_in_the_way(int file, struct flock request) noexcept {
  if (::fcntl(file, F_OFD_GETLK, &request) != 0) return -1;
  return request.l_type == F_UNLCK ? 0 : 1;
}

}  // namespace

int byte_is_locked(int file, std::uint64_t byte) noexcept {
  return stands_in_the_way(file, one_byte(F_RDLCK, byte));
}

int byte_is_shared(int file, std::uint64_t byte) noexcept {
  return stands_in_the_way(file, one_byte(F_WRLCK, byte));
}

}  // namespace twinmap::platform
