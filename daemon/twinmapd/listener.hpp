// The control socket: handed over by systemd (socket activation), or made here.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace twinmapd {

class listener {
 public:
  /// The socket that systemd passed if there is one, else a new one at `path`. The file of one that
  /// nobody listens on is replaced; another daemon's is an error. Throws std::runtime_error.
  listener(const std::string& path, mode_t mode, std::optional<gid_t> group);
  /// Removes the file if it was made here and the name still leads to it.
  ~listener();
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;

  int descriptor() const { return descriptor_; }
  bool activated() const { return path_.empty(); }

 private:
  void make(const std::string& path, mode_t mode, std::optional<gid_t> group);

  int descriptor_ = -1;
  std::string path_;  ///< empty if the socket is systemd's
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace twinmapd
