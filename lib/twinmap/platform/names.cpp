#include <twinmap/platform/segment_file.hpp>

#include <cstdlib>
#include <filesystem>
#include <string_view>

namespace twinmap::platform {
namespace {

constexpr std::size_t longest_name = 200;
constexpr std::string_view lock_suffix = ".lock";

bool allowed(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

}  // namespace

void check_name(const std::string& name) {
  if (name.empty()) raise(errc::invalid_name, name, "a name has at least one character");
  if (name.size() > longest_name) {
    raise(errc::invalid_name, name.substr(0, 40) + "...",
          "a name has at most 200 characters, this one has " + std::to_string(name.size()));
  }
  for (const char c : name) {
    if (!allowed(c)) raise(errc::invalid_name, name, "a name consists of A-Z a-z 0-9 . _ -");
  }
  if (name == "." || name == "..") raise(errc::invalid_name, name, "a name is not . or ..");
  if (std::string_view(name).ends_with(lock_suffix)) {
    raise(errc::invalid_name, name,
          "a name does not end in .lock: that is another map's lock file");
  }
}

std::string resolve_directory(const std::string& option) {
  std::string directory = option;
  if (directory.empty()) {
    // A program with raised privileges does not let its caller choose.
    const char* variable = ::secure_getenv("TWINMAP_DIR");
    directory = variable != nullptr && *variable != '\0' ? variable : "/dev/shm";
  }
  // A later chdir must not change what the name means.
  if (directory.front() != '/') {
    std::error_code ignored;
    const std::filesystem::path absolute = std::filesystem::absolute(directory, ignored);
    if (!ignored) directory = absolute.string();
  }
  while (!directory.empty() && directory.back() == '/')
    directory.pop_back();
  return directory;
}

}  // namespace twinmap::platform
