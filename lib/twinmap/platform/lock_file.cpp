#include <twinmap/platform/cancel_guard.hpp>
#include <twinmap/platform/descriptor.hpp>
#include <twinmap/platform/lock_file.hpp>
#include <twinmap/platform/lock_name.hpp>
#include <twinmap/platform/ofd_lock.hpp>

#include <fcntl.h>
#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

namespace twinmap::platform {
namespace {

// The anchor is the only description of the file that carries this flag (which means nothing for a
// regular file). A lease that is being taken has descriptors of the same file, with locks; should
// one of them have the anchor's number, because the program closed that, one's own lock would look
// free.
constexpr int anchor_mark = O_NONBLOCK;

}  // namespace

lock_file::lock_file(lock_file&& other) noexcept {
  *this = std::move(other);
}

lock_file& lock_file::operator=(lock_file&& other) noexcept {
  if (this == &other) return *this;
  close();
  where_ = std::move(other.where_);
  path_ = std::move(other.path_);
  anchor_.store(other.anchor_.exchange(-1, std::memory_order_relaxed), std::memory_order_relaxed);
  identity_ = other.identity_;
  return *this;
}

lock_file::~lock_file() {
  close();
}

void lock_file::close() noexcept {
  const cancel_guard no_cancellation;
  const int anchor = anchor_.exchange(-1, std::memory_order_relaxed);
  if (is_ours(anchor)) ::close(anchor);
}

lock_file lock_file::open(const map_location& where, const segment_file& segment,
                          const segment_uuid& uuid, const ownership& owner,
                          std::chrono::nanoseconds patience) {
  lock_file result;
  // What needs memory comes first: the file, once made, counts as somebody's.
  result.where_ = where;
  result.path_ = where.lock_path();
  unique_descriptor found = open_lock_of(where, segment, uuid, owner, patience);
  struct stat status;
  const int flags = ::fcntl(found.get(), F_GETFL);
  if (::fstat(found.get(), &status) != 0 || flags < 0 ||
      ::fcntl(found.get(), F_SETFL, flags | anchor_mark) != 0) {
    raise_system(errno, where.name, "cannot examine " + where.lock_path());
  }
  result.identity_ = identity_from(status);
  result.anchor_.store(found.release(), std::memory_order_relaxed);
  return result;
}

lock_file lock_file::open_to_look(const map_location& where, const segment_uuid& uuid) {
  unique_descriptor found(
      ::open(where.lock_path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | anchor_mark));
  struct stat status;
  header content{};
  if (!found || ::fstat(found.get(), &status) != 0 ||
      ::pread(found.get(), &content, sizeof content, 0) != ssize_t{sizeof content} ||
      content.segment != uuid)
    return {};
  lock_file result;
  result.where_ = where;
  result.path_ = where.lock_path();
  result.identity_ = identity_from(status);
  result.anchor_.store(found.release(), std::memory_order_relaxed);
  return result;
}

bool lock_file::is_ours(int anchor) const noexcept {
  if (!is_file(anchor, identity_)) return false;
  const int flags = ::fcntl(anchor, F_GETFL);
  return flags >= 0 && (flags & anchor_mark) != 0;
}

// The number that was closed behind our back is not closed again: it may be somebody else's.
int lock_file::usable_anchor() noexcept {
  int anchor = anchor_.load(std::memory_order_relaxed);
  if (is_ours(anchor)) return anchor;
  const cancel_guard no_cancellation;
  const int again = ::open(path_.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | anchor_mark);
  if (again < 0) return -1;
  if (!is_ours(again)) {
    ::close(again);
    errno = ESTALE;
    return -1;
  }
  if (anchor_.compare_exchange_strong(anchor, again, std::memory_order_relaxed)) return again;
  ::close(again);
  return is_ours(anchor) ? anchor : -1;
}

byte_state lock_file::probe(std::uint64_t byte) noexcept {
  const int anchor = usable_anchor();
  if (anchor < 0) return byte_state::unknown;
  const int locked = byte_is_locked(anchor, byte);
  if (locked != 0) return locked > 0 ? byte_state::held : byte_state::unknown;
  // "Free" is acted upon, so it counts only if the descriptor was the anchor all the while.
  return is_ours(anchor) ? byte_state::free : byte_state::unknown;
}

int lock_file::open_description() noexcept {
  const int anchor = usable_anchor();
  if (anchor < 0) return -1;
  const cancel_guard no_cancellation;
  std::array<char, 32> self{};
  std::snprintf(self.data(), self.size(), "/proc/self/fd/%d", anchor);
  int file = ::open(self.data(), O_RDWR | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) {
    file = ::open(path_.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  }
  if (file < 0 || is_file(file, identity_)) return file;
  ::close(file);
  errno = ESTALE;
  return -1;
}

}  // namespace twinmap::platform
