// The functions that know maps only by name.

#include <twinmap/any_map.hpp>
#include <twinmap/describe.hpp>
#include <twinmap/platform/segment_file.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string_view>

namespace twinmap {
namespace {

constexpr std::string_view file_prefix = "twinmap.";

/// The map that a file of this name would be; nothing if no map has such a file (a lock file, some
/// other program's).
std::optional<std::string> map_of_file(const std::string& file) {
  if (!file.starts_with(file_prefix)) return std::nullopt;
  std::string name = file.substr(file_prefix.size());
  try {
    platform::check_name(name);
  } catch (const error&) {
    return std::nullopt;
  }
  return name;
}

/// False if the file can be read and is something else than a segment. One that cannot be read may
/// be a segment.
bool may_be_segment(const std::filesystem::directory_entry& file) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file.symlink_status(ignored))) return false;
  const int descriptor =
      ::open(file.path().c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return errno != ENOENT;
  std::array<char, storage::segment_magic.size()> magic{};
  const ssize_t got = ::pread(descriptor, magic.data(), magic.size(), 0);
  ::close(descriptor);
  return got == static_cast<ssize_t>(magic.size()) && magic == storage::segment_magic;
}

/// Nothing if the map was removed while it was looked at.
std::optional<map_info> look_at(const std::string& name, const options& where) {
  try {
    return detail::describe(*protocol::handle::attach(
        detail::make_request(protocol::attach_mode::open_read_only, name, where)));
  } catch (const error& e) {
    if (e.code() == errc::not_found) return std::nullopt;
    map_info unreadable;
    unreadable.name = name;
    unreadable.directory = platform::resolve_directory(where.directory);
    unreadable.error = e.what();
    return unreadable;
  }
}

}  // namespace

bool remove(const std::string& name, const options& where) {
  platform::check_name(name);
  return protocol::remove(name, where.directory);
}

bool remove(const std::string& name, const options& where, std::error_code& code) {
  return detail::with_code(code, false, [&] { return remove(name, where); });
}

bool exists(const std::string& name, const options& where) {
  platform::check_name(name);
  const platform::map_location location{name, platform::resolve_directory(where.directory)};
  return platform::identity_of(location.segment_path()).has_value();
}

std::vector<map_info> list(const options& where) {
  const std::string directory = platform::resolve_directory(where.directory);
  std::error_code failure;
  std::filesystem::directory_iterator files(directory, failure);
  std::vector<map_info> result;
  for (const auto end = std::filesystem::directory_iterator(); files != end;
       files.increment(failure)) {
    const std::optional<std::string> name = map_of_file(files->path().filename());
    if (!name || !may_be_segment(*files)) continue;
    if (std::optional<map_info> info = look_at(*name, where)) result.push_back(std::move(*info));
  }
  if (failure) raise_system(failure.value(), "*", "cannot list the maps of " + directory);
  std::sort(result.begin(), result.end(),
            [](const map_info& a, const map_info& b) { return a.name < b.name; });
  return result;
}

}  // namespace twinmap
