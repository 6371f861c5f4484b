#pragma once

#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <system_error>

namespace bench {

/// What the system has given of a file that may have holes.
inline std::uint64_t resident_bytes(const std::filesystem::path& file) {
  struct stat status {};
  if (stat(file.c_str(), &status) != 0) {
    throw std::system_error(errno, std::system_category(), "cannot stat " + file.string());
  }
  constexpr std::uint64_t unit = 512;
  return static_cast<std::uint64_t>(status.st_blocks) * unit;
}

}  // namespace bench
