// doctor: what lies in the directory and should not, and who still holds what is gone.
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <cli/doctor.hpp>
#include <cli/verbs.hpp>
#include <twinmap/admin.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <map>
#include <set>
#include <sstream>

namespace twinmap::cli {
namespace {

constexpr std::string_view map_prefix = "twinmap.";
constexpr std::string_view temporary_prefix = ".twinmap.";
constexpr std::string_view removed_prefix = ".removed.twinmap.";
constexpr std::string_view lock_suffix = ".lock";
constexpr std::string_view deleted_suffix = " (deleted)";
// A creator that works is done long before.
constexpr std::time_t temporary_is_old = 60;

/// Who has a map mapped whose name is gone.
struct holders {
  std::string map;
  std::set<pid_t> processes;
};

/// One line of /proc/PID/maps.
struct mapping {
  std::string range;
  std::uint64_t offset = 0;
  dev_t device = 0;
  std::uint64_t inode = 0;
  std::string path;
};

mapping parse_mapping(const std::string& line) {
  mapping found;
  std::istringstream fields(line);
  std::string permissions;
  std::string device;
  fields >> found.range >> permissions >> std::hex >> found.offset >> device >> std::dec >>
      found.inode >> std::ws;
  std::getline(fields, found.path);
  unsigned major = 0;
  unsigned minor = 0;
  if (std::sscanf(device.c_str(), "%x:%x", &major, &minor) == 2)
    found.device = makedev(major, minor);
  return found;
}

/// A file whose name is taken away bears another one first: .removed.NAME.INODE.
std::string name_before_removal(const std::string& name) {
  if (!name.starts_with(removed_prefix)) return name;
  const std::size_t start = removed_prefix.size() - map_prefix.size();
  return name.substr(start, name.rfind('.') - start);
}

class unlinked_maps {
 public:
  explicit unlinked_maps(const std::filesystem::path& directory) : directory_(directory.string()) {
    struct stat status {};
    if (::stat(directory_.c_str(), &status) == 0) device_ = status.st_dev;
    is_mount_ = mount_of(directory).value_or(mount{}).point == directory_;
    std::error_code ignored;
    std::filesystem::directory_iterator all(directory, ignored);
    for (; !ignored && all != std::filesystem::directory_iterator(); all.increment(ignored))
      if (::lstat(all->path().c_str(), &status) == 0) inodes_.insert(status.st_ino);
  }

  void look_at(pid_t process) {
    const std::optional<std::string> maps = text_of(fmt::format("/proc/{}/maps", process));
    if (!maps) {
      std::error_code ignored;  // it may have ended meanwhile
      if (std::filesystem::exists(fmt::format("/proc/{}", process), ignored)) ++unseen;
      return;
    }
    const bool uses_twinmap = maps->find("/libtwinmap.so") != std::string::npos;
    std::istringstream lines(*maps);
    for (std::string line; std::getline(lines, line);) {
      if (!line.ends_with(deleted_suffix)) continue;
      mapping each = parse_mapping(line);
      if (each.offset != 0) continue;
      each.path.resize(each.path.size() - deleted_suffix.size());
      note(process, each, uses_twinmap);
    }
  }

  std::map<std::uint64_t, holders> found;  // by inode
  unsigned unseen = 0;                     // processes of others, into which one may not look

 private:
  void note(pid_t process, const mapping& each, bool uses_twinmap) {
    const std::filesystem::path path(each.path);
    const std::string name = name_before_removal(path.filename().string());
    // In another mount namespace the directory may go by another name; if it is the root of a file
    // system, all of that is its own.
    if (path.parent_path() != directory_ && !(is_mount_ && each.device == device_)) return;
    if (inodes_.contains(each.inode)) return;
    if (name.starts_with(map_prefix) && !name.ends_with(lock_suffix)) {
      remember(process, each.inode, name.substr(map_prefix.size()));
    } else if (name.starts_with("#") && is_segment(process, each.range).value_or(uses_twinmap)) {
      // Whoever made a map has it under the number it had before it got its name.
      remember(process, each.inode, {});
    }
  }

  void remember(pid_t process, std::uint64_t inode, const std::string& map) {
    holders& of = found[inode];
    if (!map.empty()) of.map = map;
    of.processes.insert(process);
  }

  /// Nothing if one may not look: that takes more than to see the list of mappings.
  static std::optional<bool> is_segment(pid_t process, const std::string& range) {
    const std::string file = fmt::format("/proc/{}/map_files/{}", process, range);
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) return std::nullopt;
    std::array<char, storage::segment_magic.size()> magic{};
    const ssize_t got = ::pread(descriptor, magic.data(), magic.size(), 0);
    ::close(descriptor);
    return got == static_cast<ssize_t>(magic.size()) && magic == storage::segment_magic;
  }

  std::string directory_;
  dev_t device_ = 0;
  bool is_mount_ = false;
  std::set<std::uint64_t> inodes_;
};

std::string listed(const std::set<pid_t>& processes) {
  constexpr std::size_t at_most = 5;
  std::string text;
  std::size_t count = 0;
  for (const pid_t each : processes) {
    if (++count > at_most) return fmt::format("{}, and {} more", text, processes.size() - at_most);
    const std::string command = text_of(fmt::format("/proc/{}/comm", each)).value_or("gone\n");
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", each,
                        command.substr(0, command.find('\n')));
  }
  return text;
}

void examine_lock(examination& into, const std::vector<directory_file>& files,
                  const directory_file& lock) {
  const std::string segment = lock.name.substr(0, lock.name.size() - lock_suffix.size());
  const bool has_segment =
      std::any_of(files.begin(), files.end(),
                  [&segment](const directory_file& each) { return each.name == segment; });
  if (has_segment) return;
  const std::string path = (into.directory / lock.name).string();
  into.warn("left_overs", fmt::format("{} is the lock file of no map", path), "rm " + path);
}

void examine_temporary(examination& into, const directory_file& file) {
  if (std::time(nullptr) - file.status.st_mtime < temporary_is_old) return;
  const std::string path = (into.directory / file.name).string();
  into.warn("left_overs", fmt::format("{} is what a killed process was about to name", path),
            "rm " + path + ", or make a map of that name: that removes it, too");
}

void examine_removed(examination& into, const directory_file& file) {
  const std::string path = (into.directory / file.name).string();
  into.warn("left_overs",
            fmt::format("{} is what a killed or stopped process was about to remove", path),
            "rm " + path + ", or remove any map of this directory: that removes it, too");
}

void examine_segment(examination& into, const std::string& name) {
  std::error_code code;
  const bytes_map map(open_read_only, name, where(into.common), code);
  if (map || code == errc::not_found || code == errc::invalid_name) return;
  std::string reason = code.message();
  try {
    attach_to_read(into.common, name);
  } catch (const error& why) {
    reason = why.what();
  }
  const std::string path = (into.directory / (std::string(map_prefix) + name)).string();
  if (code == errc::permission_denied) return;  // another user's is no left-over
  if (code == errc::corrupted || code == errc::incompatible_layout) {
    return into.fail("left_overs", reason,
                     fmt::format("if nobody needs it: twinmap rm {}, or rm {}", name, path));
  }
  into.warn("left_overs", reason, "look at " + path);
}

void examine_dead_leases(examination& into, const map_info& map, unsigned dead, unsigned alive) {
  into.warn("writers",
            fmt::format("map '{}': {} lease(s) of dead writers, {}", map.name, dead,
                        alive == 0 ? "and no living one that would notice"
                                   : fmt::format("{} of living ones", alive)),
            "twinmap sweep " + map.name);
}

void examine_writers_of(examination& into, const map_info& map) {
  unsigned dead = 0;
  unsigned alive = 0;
  for (const writer_info& each : writers(attach_to_read(into.common, map.name))) {
    if (each.state == writer_state::dead) {
      ++dead;
    } else {
      ++alive;
    }
    if (each.state == writer_state::stopped && each.holds_mutex) {
      into.warn("writers",
                fmt::format("map '{}': pid {} ({}) is stopped and holds the mutex: new keys wait",
                            map.name, each.process, each.command),
                fmt::format("kill -CONT {0}, or kill -KILL {0}", each.process));
    }
  }
  if (dead != 0) examine_dead_leases(into, map, dead, alive);
}

}  // namespace

std::vector<directory_file> files_of(const std::filesystem::path& directory) {
  std::vector<directory_file> files;
  std::error_code failure;
  std::filesystem::directory_iterator all(directory, failure);
  for (; !failure && all != std::filesystem::directory_iterator(); all.increment(failure)) {
    directory_file file{all->path().filename().string(), {}};
    const bool ours = file.name.starts_with(map_prefix) ||
                      file.name.starts_with(temporary_prefix) ||
                      file.name.starts_with(removed_prefix);
    if (ours && ::lstat(all->path().c_str(), &file.status) == 0) files.push_back(std::move(file));
  }
  std::sort(files.begin(), files.end(),
            [](const directory_file& a, const directory_file& b) { return a.name < b.name; });
  return files;
}

void examine_unlinked_maps(examination& into) {
  unlinked_maps maps(into.directory);
  std::error_code failure;
  std::filesystem::directory_iterator processes("/proc", failure);
  for (; !failure && processes != std::filesystem::directory_iterator();
       processes.increment(failure)) {
    const std::string name = processes->path().filename().string();
    if (name.find_first_not_of("0123456789") == std::string::npos)
      maps.look_at(static_cast<pid_t>(std::stol(name)));
  }
  for (const auto& [inode, of] : maps.found) {
    const std::string which = of.map.empty() ? fmt::format("a map (inode {})", inode)
                                             : fmt::format("map '{}' (inode {})", of.map, inode);
    into.warn("unlinked_maps",
              fmt::format("{} has lost its name and is still attached by {}", which,
                          listed(of.processes)),
              "its memory comes back when they detach: restart them, or let them attach anew");
  }
  if (!maps.found.empty()) return;
  into.ok("unlinked_maps",
          maps.unseen == 0
              ? "no process is attached to a map without a name"
              : fmt::format("no process that you may look into is attached to a map without a name "
                            "({} are others')",
                            maps.unseen));
}

void examine_left_overs(examination& into) {
  const std::size_t before = into.findings().size();
  const std::vector<directory_file> files = files_of(into.directory);
  for (const directory_file& each : files) {
    if (each.name.starts_with(temporary_prefix)) {
      examine_temporary(into, each);
    } else if (each.name.starts_with(removed_prefix)) {
      examine_removed(into, each);
    } else if (each.name.ends_with(lock_suffix)) {
      examine_lock(into, files, each);
    } else {
      examine_segment(into, each.name.substr(map_prefix.size()));
    }
  }
  if (into.findings().size() == before)
    into.ok("left_overs", fmt::format("none beside {} map(s)", into.maps.size()));
}

void examine_writers(examination& into) {
  const std::size_t before = into.findings().size();
  for (const map_info& each : into.maps) {
    if (!each.error.empty()) continue;
    try {
      examine_writers_of(into, each);
    } catch (const error&) {
      continue;  // removed meanwhile; a damaged one is a left-over
    }
  }
  if (into.findings().size() == before)
    into.ok("writers", "no dead writer has left anything, and no stopped one holds a mutex");
}

}  // namespace twinmap::cli
