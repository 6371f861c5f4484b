#include <demo_program/place.hpp>

#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace demo {
namespace {

std::vector<std::string> candidates() {
  std::vector<std::string> directories;
  if (const char* chosen = std::getenv("TWINMAP_DIR"); chosen != nullptr && *chosen != '\0')
    directories.emplace_back(chosen);
  for (const char* usual : {"/dev/shm", "/tmp", "/var/tmp", "."})
    directories.emplace_back(usual);
  return directories;
}

std::uint64_t room_in(const std::string& directory) {
  struct statvfs info = {};
  if (::access(directory.c_str(), W_OK) != 0 || ::statvfs(directory.c_str(), &info) != 0) return 0;
  return std::uint64_t{info.f_bavail} * info.f_frsize;
}

}  // namespace

std::string choose_directory(std::uint64_t bytes) {
  constexpr std::uint64_t mebibyte = 1 << 20;
  for (const std::string& each : candidates()) {
    const std::uint64_t room = room_in(each);
    if (room >= bytes) return each;
    fmt::print(stderr, "{} has {} MiB of room and {} are needed: taking another directory\n", each,
               room / mebibyte, bytes / mebibyte);
  }
  throw std::runtime_error("no directory has room for the map");
}

own_map::own_map(const std::string& where)
    : directory_(std::filesystem::absolute(where) / "twinmap-demo-XXXXXX"),
      name_("demo"),
      owner_(::getpid()) {
  if (::mkdtemp(directory_.data()) == nullptr)
    throw std::system_error(errno, std::system_category(), directory_);
}

own_map::~own_map() {
  if (::getpid() != owner_) return;
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

}  // namespace demo
