#include <twinmapd/config.hpp>

#include <fmt/format.h>
#include <sys/un.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace twinmapd {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t most_file_bytes = 1 << 20;

[[noreturn]] void refuse(const std::string& place, const std::string& what) {
  throw config_error(place + ": " + what);
}

std::string place_of(const std::string& file, const toml::source_region& region) {
  return fmt::format("{}:{}", file, region.begin.line);
}

scalar to_scalar(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* flag = node.as_boolean()) return flag->get();
  if (const auto* number = node.as_integer()) return number->get();
  if (const auto* number = node.as_floating_point()) return number->get();
  return std::monostate();
}

std::string absolute_path(const scalar& value) {
  std::string path = text_of(value);
  if (!path.starts_with('/'))
    throw value_error(fmt::format("an absolute path is expected, this is \"{}\"", path));
  return path;
}

void set_socket(config& all, const scalar& value) {
  all.socket = absolute_path(value);
  constexpr std::size_t limit = sizeof(sockaddr_un::sun_path) - 1;
  if (all.socket.size() > limit)
    throw value_error(fmt::format("the path of a socket has at most {} bytes, this one has {}",
                                  limit, all.socket.size()));
}

void set_log_level(config& all, const scalar& value) {
  const std::optional<severity> level = severity_of(text_of(value));
  if (!level)
    throw value_error(
        fmt::format("error, warning, notice, info or debug is expected, this is {}", show(value)));
  all.log_level = *level;
}

struct key_rule {
  std::string_view table;
  std::string_view name;
  void (*set)(config& all, const scalar& value);
};

constexpr std::array<key_rule, 7> rules{{
    {"daemon", "socket", set_socket},
    {"daemon", "socket_mode",
     [](config& all, const scalar& value) { all.socket_mode = mode_of(value); }},
    {"daemon", "socket_group",
     [](config& all, const scalar& value) { all.socket_group = group_of(value); }},
    {"daemon", "directory",
     [](config& all, const scalar& value) { all.directory = absolute_path(value); }},
    {"daemon", "log_level", set_log_level},
    {"promotion", "max_age",
     [](config& all, const scalar& value) {
       all.promotion.max_age =
           duration_of(value, std::chrono::milliseconds(1), std::chrono::hours(24));
     }},
    {"promotion", "compact_deleted",
     [](config& all, const scalar& value) { all.promotion.compact_deleted = share_of(value); }},
}};

/// One file's part of the configuration, read into the whole.
class file_reader {
 public:
  file_reader(std::string file, config& all) : file_(std::move(file)), all_(all) {}

  void read() const {
    const toml::table root = parse();
    for (const auto& [key, node] : root) {
      const std::string name(key.str());
      if (name == "map") {
        read_maps(node);
      } else if (name == "daemon" || name == "promotion") {
        if (!node.is_table())
          refuse(at(key.source()), fmt::format("{0}: a table is expected: [{0}]", name));
        read_table(name, *node.as_table());
      } else {
        refuse(at(key.source()), "unknown key '" + name + "'");
      }
    }
  }

 private:
  std::string at(const toml::source_region& region) const { return place_of(file_, region); }

  toml::table parse() const {
    std::error_code failure;
    const std::uintmax_t size = fs::file_size(file_, failure);
    if (failure) refuse(file_, "cannot be read: " + failure.message());
    if (size > most_file_bytes)
      refuse(file_, fmt::format("a configuration has at most {} bytes, this one has {}",
                                most_file_bytes, size));
    try {
      return toml::parse_file(file_);
    } catch (const toml::parse_error& wrong) {
      refuse(at(wrong.source()), std::string(wrong.description()));
    }
  }

  void read_table(const std::string& table, const toml::table& keys) const {
    for (const auto& [key, node] : keys) {
      const std::string name(key.str());
      const auto rule = std::find_if(rules.begin(), rules.end(), [&](const key_rule& each) {
        return each.table == table && each.name == name;
      });
      if (rule == rules.end())
        refuse(at(key.source()), fmt::format("unknown key '{}.{}'", table, name));
      guarded(key, [&, &value = node] { rule->set(all_, to_scalar(value)); });
    }
  }

  void read_maps(const toml::node& node) const {
    const toml::array* maps = node.as_array();
    if (maps == nullptr) refuse(at(node.source()), "map: tables are expected: [[map]]");
    for (const toml::node& each : *maps) {
      if (!each.is_table()) refuse(at(each.source()), "map: a table is expected: [[map]]");
      read_map(*each.as_table());
    }
  }

  void read_map(const toml::table& keys) const {
    map_config map;
    map.origin = at(keys.source());
    for (const auto& [key, node] : keys)
      guarded(key, [&, &name = key, &value = node] {
        if (!set_map_key(map, std::string(name.str()), to_scalar(value)))
          throw value_error("there is no such key of a map");
      });
    try {
      check_map(map);
    } catch (const value_error& wrong) {
      refuse(map.origin, std::string("map: ") + wrong.what());
    }
    const auto same = std::find_if(all_.maps.begin(), all_.maps.end(),
                                   [&](const map_config& other) { return other.name == map.name; });
    if (same != all_.maps.end())
      refuse(map.origin,
             fmt::format("map '{}' is already described at {}", map.name, same->origin));
    all_.maps.push_back(std::move(map));
  }

  template <class F>
  void guarded(const toml::key& key, F&& set) const {
    try {
      set();
    } catch (const value_error& wrong) {
      refuse(at(key.source()), fmt::format("{}: {}", key.str(), wrong.what()));
    }
  }

  std::string file_;
  config& all_;
};

/// As the library does it for options.directory.
std::string default_directory() {
  const char* variable = ::secure_getenv("TWINMAP_DIR");
  return variable != nullptr && *variable == '/' ? variable : "/dev/shm";
}

std::vector<fs::path> drop_ins(const fs::path& directory) {
  std::vector<fs::path> files;
  std::error_code failure;
  for (fs::directory_iterator each(directory, failure), end; !failure && each != end;
       each.increment(failure))
    if (each->path().extension() == ".toml") files.push_back(each->path());
  if (failure && failure != std::errc::no_such_file_or_directory)
    refuse(directory.string(), "cannot be read: " + failure.message());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

config load_config(const fs::path& file, bool required) {
  config all;
  all.directory = default_directory();
  std::error_code failure;
  if (required || fs::exists(file, failure) || failure) file_reader(file.string(), all).read();
  for (const fs::path& each : drop_ins(file.parent_path() / "conf.d"))
    file_reader(each.string(), all).read();
  while (all.directory.size() > 1 && all.directory.ends_with('/'))
    all.directory.pop_back();
  return all;
}

}  // namespace twinmapd
