// Numbers of bytes as people write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace twinmap::cli {

/// "4096", "64K", "1G", "1GiB", "1 GiB"; the suffixes are powers of 1024. Throws usage_error.
std::uint64_t parse_bytes(std::string_view text);

/// "812 B", "50.3 MiB".
std::string show_bytes(std::uint64_t bytes);

}  // namespace twinmap::cli
