#include <demo_program/place.hpp>

#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <stdexcept>
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

own_map::own_map(std::string directory)
    : directory_(std::move(directory)),
      name_(fmt::format("demo-{}-{:08x}", ::getpid(), std::random_device{}())),
      owner_(::getpid()) {}

own_map::~own_map() {
  if (::getpid() != owner_) return;
  ::unlink(segment_file().c_str());
  ::unlink((segment_file() + ".lock").c_str());
}

}  // namespace demo
