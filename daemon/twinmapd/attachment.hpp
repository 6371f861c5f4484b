// One map that the daemon is attached to, and the file that it had then.
#pragma once

#include <sys/types.h>
#include <twinmap/bytes_map.hpp>
#include <twinmapd/config.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace twinmapd {

/// Which file a name led to. A name may lead to another one later.
struct file_identity {
  dev_t device = 0;
  ino_t inode = 0;

  friend bool operator==(const file_identity&, const file_identity&) = default;
};

/// "twinmap.NAME" → NAME. Nothing for lock files and for files that can be no map's.
std::optional<std::string> map_of_file(const std::string& file);

/// The regular file that `map` has now; nothing if there is none.
std::optional<file_identity> identity_of(const std::string& directory, const std::string& map);

struct attachment {
  twinmap::bytes_map map;
  file_identity file;
};

/// Attaches for writing. A configured map is made if there is none, and must have the configured
/// types; it is never changed. Throws twinmap::error.
std::shared_ptr<attachment> attach(const std::string& directory, const std::string& name,
                                   const map_config* configured);

/// Makes a map; its name must be free. Throws twinmap::error.
void make_map(const std::string& directory, const map_config& wanted);

/// In what a map is not what its configuration says: one sentence each.
std::vector<std::string> differences(const map_config& wanted, const twinmap::bytes_map& map);

}  // namespace twinmapd
