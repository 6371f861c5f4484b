#pragma once

#include <twinmap/platform/segment_file.hpp>

#include <sys/stat.h>
#include <unistd.h>
#include <optional>
#include <utility>

namespace twinmap::platform {

/// Owns a file descriptor. Per process.
class unique_descriptor {
 public:
  unique_descriptor() = default;
  explicit unique_descriptor(int number) noexcept : number_(number) {}
  unique_descriptor(unique_descriptor&& other) noexcept
      : number_(std::exchange(other.number_, -1)) {}
  unique_descriptor& operator=(unique_descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~unique_descriptor() {
    if (number_ >= 0) ::close(number_);
  }

  [[nodiscard]] int get() const noexcept { return number_; }
  [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }
  explicit operator bool() const noexcept { return number_ >= 0; }

 private:
  int number_ = -1;
};

inline file_identity identity_from(const struct stat& status) noexcept {
  return {status.st_dev, status.st_ino};
}

/// Whether `number` is open and is that file. A program may close descriptors that are not its own
/// (daemons do, before they start), and the number then means another file.
inline bool is_file(int number, const file_identity& identity) noexcept {
  struct stat status;
  return number >= 0 && ::fstat(number, &status) == 0 && identity_from(status) == identity;
}

/// What a message needs to say about a file that was refused: "FILE (owner uid 0, group gid 0, mode
/// 0600)".
std::string describe(const std::string& path, const struct stat& status);

}  // namespace twinmap::platform
