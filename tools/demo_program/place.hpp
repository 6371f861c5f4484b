// Where the map of a run is, and that nothing of it stays behind.
#pragma once

#include <cstdint>
#include <string>

namespace demo {

/// The first of $TWINMAP_DIR, /dev/shm, /tmp, /var/tmp and the current directory with `bytes` of
/// room. Says so on stderr if it is not the first. Throws if there is none.
std::string choose_directory(std::uint64_t bytes);

/// A map's name in a directory of this run's own, so that a daemon may look after all that is in
/// it. The directory is removed at the end however the run ends. Only the process that made the
/// object removes.
class own_map {
 public:
  explicit own_map(const std::string& where);
  own_map(const own_map&) = delete;
  own_map& operator=(const own_map&) = delete;
  ~own_map();

  const std::string& name() const { return name_; }
  const std::string& directory() const { return directory_; }
  std::string segment_file() const { return directory_ + "/twinmap." + name_; }

 private:
  std::string directory_;
  std::string name_;
  int owner_;
};

}  // namespace demo
