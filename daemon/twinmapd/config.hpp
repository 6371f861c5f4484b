// The configuration: one TOML file and, beside it, conf.d/*.toml in the order of their names.
#pragma once

#include <twinmap/bytes_map.hpp>
#include <twinmapd/journal.hpp>
#include <twinmapd/values.hpp>

#include <chrono>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace twinmapd {

/// A map that the daemon makes if there is none of its name.
struct map_config {
  std::string name;
  twinmap::type_names types{.key = {}, .value = {}};
  twinmap::options wanted;
  std::vector<std::string> given;  ///< the keys that were written, in their order
  std::string origin;              ///< "FILE:LINE", or who asked for it
};

struct promotion_config {
  /// A map that has been amended for this long is promoted.
  std::chrono::nanoseconds max_age = std::chrono::milliseconds(50);
  /// A map is compacted when this share of what read names is deleted.
  double compact_deleted = 0.25;

  friend bool operator==(const promotion_config&, const promotion_config&) = default;
};

struct config {
  std::string socket = "/run/twinmap/control.sock";
  mode_t socket_mode = 0660;
  std::optional<gid_t> socket_group;  ///< nothing: the group of the process
  std::string directory;              ///< absolute
  severity log_level = severity::info;
  promotion_config promotion;
  std::vector<map_config> maps;
};

/// What is wrong with a configuration: "FILE:LINE: KEY: what is expected, what is there".
class config_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Reads `file` and what is in conf.d. A missing file is an error if it is `required`, else the
/// defaults stand. Throws config_error.
config load_config(const std::filesystem::path& file, bool required);

/// Sets one key of a [[map]], from whatever format. False if there is no such key. Throws
/// value_error.
bool set_map_key(map_config& map, const std::string& key, const scalar& value);

/// What the keys of a [[map]] must fulfil together. Throws value_error.
void check_map(const map_config& map);

}  // namespace twinmapd
