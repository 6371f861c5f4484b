// Real data, and records that prove themselves: each value carries a checksum over the rest of it,
// its own key and a sequence number, so that whoever loads one can tell a torn, foreign or stale
// value from a good one without asking anybody.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace demo {

struct record {
  std::string key;
  std::string body;
};

/// The Debian package index of this machine: `apt-cache dumpavail`, one record per package name.
std::vector<record> read_package_index();

/// JSON lines, {"key": …, "value": …}. Throws with file and line where one is not.
std::vector<record> read_json_lines(const std::string& file);

/// "xxh64=<16 digits> seq=<n> key=<key>\n" and the body; the checksum is over all that follows it.
/// `into`'s capacity is re-used.
void seal(std::string_view key, std::uint64_t sequence, std::string_view body, std::string& into);

struct opened {
  std::uint64_t sequence = 0;
  std::string complaint;  ///< empty: checksum and key are as they should be
};
opened open_sealed(std::string_view key, std::string_view value);

}  // namespace demo
