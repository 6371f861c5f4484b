#include <support/names.hpp>

#include <stdlib.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <system_error>
#include <utility>

namespace test_support {

std::string unique_name() {
  std::random_device entropy;
  const std::uint64_t random = (std::uint64_t{entropy()} << 32) | entropy();
  char text[64];
  std::snprintf(text, sizeof text, "t%d-%016" PRIx64, static_cast<int>(::getpid()), random);
  return text;
}

std::filesystem::path default_directory() {
  const char* chosen = std::getenv("TWINMAP_DIR");
  return chosen != nullptr && *chosen != '\0' ? chosen : "/dev/shm";
}

scoped_name::scoped_name(std::filesystem::path directory, std::string name)
    : directory_(std::move(directory)), name_(std::move(name)), owner_pid_(::getpid()) {}

scoped_name::~scoped_name() {
  if (::getpid() != owner_pid_) return;
  ::unlink(segment_file().c_str());
  ::unlink(lock_file().c_str());
}

scoped_directory::scoped_directory(const std::filesystem::path& parent) : owner_pid_(::getpid()) {
  std::string pattern =
      (parent / ("twinmap-test-t" + std::to_string(owner_pid_) + "-XXXXXX")).string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    throw std::system_error(errno, std::system_category(), "mkdtemp " + pattern);
  }
  path_ = pattern;
}

scoped_directory::~scoped_directory() {
  if (::getpid() != owner_pid_) return;
  std::error_code ignored;  // a destructor has nobody to tell
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace test_support
