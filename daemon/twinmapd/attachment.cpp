#include <twinmapd/attachment.hpp>

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <string_view>

namespace twinmapd {
namespace {

constexpr std::string_view file_prefix = "twinmap.";

// The loop never waits longer than this for a mutex: it comes again instead.
constexpr std::chrono::milliseconds lock_patience{5};

constexpr std::uint64_t page = 4096;

// A name that leads to another file each time that it is looked at is somebody's attack.
constexpr int most_attempts = 8;

twinmap::options handle_options(const std::string& directory, twinmap::options base = {}) {
  base.directory = directory;
  base.lock_timeout = lock_patience;
  return base;
}

twinmap::bytes_map open(const std::string& directory, const std::string& name,
                        const map_config* configured) {
  if (configured == nullptr) return {twinmap::open_only, name, handle_options(directory)};
  return {twinmap::open_or_create, name, configured->types,
          handle_options(directory, configured->wanted)};
}

}  // namespace

std::optional<std::string> map_of_file(const std::string& file) {
  if (!file.starts_with(file_prefix)) return std::nullopt;
  std::string name = file.substr(file_prefix.size());
  try {
    static_cast<void>(twinmap::exists(name));  // checks the name
  } catch (const twinmap::error&) {
    return std::nullopt;
  }
  return name;
}

std::optional<file_identity> identity_of(const std::string& directory, const std::string& map) {
  const std::string path = directory + '/' + std::string(file_prefix) + map;
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) return std::nullopt;
  return file_identity{facts.st_dev, facts.st_ino};
}

std::shared_ptr<attachment> attach(const std::string& directory, const std::string& name,
                                   const map_config* configured) {
  for (int attempt = 0; attempt != most_attempts; ++attempt) {
    const std::optional<file_identity> before = identity_of(directory, name);
    twinmap::bytes_map map = open(directory, name, configured);
    const std::optional<file_identity> after = identity_of(directory, name);
    if (after && (after == before || (map.created() && !before)))
      return std::make_shared<attachment>(attachment{std::move(map), *after});
  }
  throw twinmap::error(
      twinmap::errc::not_found,
      "twinmap '" + name + "': not_found: its name leads to another file each time");
}

void make_map(const std::string& directory, const map_config& wanted) {
  const twinmap::bytes_map made(twinmap::create_only, wanted.name, wanted.types,
                                handle_options(directory, wanted.wanted));
}

std::vector<std::string> differences(const map_config& wanted, const twinmap::bytes_map& map) {
  const twinmap::map_info is = map.info();
  const twinmap::options& options = wanted.wanted;
  std::vector<std::string> result;
  const auto compare = [&](std::string_view key, const auto& has, const auto& configured) {
    const bool given =
        std::find(wanted.given.begin(), wanted.given.end(), key) != wanted.given.end();
    if (given && has != configured)
      result.push_back(fmt::format("{} is {}, the configuration says {}", key, has, configured));
  };
  compare("key", is.key_type, wanted.types.key);
  compare("value", is.value_type, wanted.types.value);
  // A map has whole pages.
  compare("max_bytes", is.bytes_max, options.max_bytes / page * page);
  if (options.max_entries != 0) compare("max_entries", is.max_entries, options.max_entries);
  if (options.slot_bytes != 0) compare("slot_bytes", is.slot_bytes, options.slot_bytes);
  compare("max_writers", is.max_writers, options.max_writers);
  compare("mode", fmt::format("{:04o}", is.mode), fmt::format("{:04o}", options.mode));
  if (options.group) compare("group", is.group, *options.group);
  compare("huge_pages", is.huge_pages, options.huge_pages);
  return result;
}

}  // namespace twinmapd
