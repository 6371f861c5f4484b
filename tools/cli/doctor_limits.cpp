// doctor: who may take a map's memory away from it. systemd-logind at logout, control groups and
// limits of the process.
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cli/doctor.hpp>
#include <cli/sizes.hpp>
#include <cli/verbs.hpp>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <sstream>

namespace twinmap::cli {
namespace {

// systemd's own bound, whatever /etc/login.defs says: it is compiled in.
constexpr uid_t highest_system_user = 999;

constexpr std::uint64_t default_max_bytes = 1u << 30;
constexpr double nearly_all = 0.9;

const std::vector<std::string>& configuration_directories() {
  // The first has the last word.
  static const std::vector<std::string> all{"/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"};
  return all;
}

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// Takes over what a file in systemd's form says about RemoveIPC, with the file that said it last.
void read_remove_ipc(const std::filesystem::path& file, std::string& value, std::string& source) {
  std::istringstream lines(text_of(file).value_or(""));
  bool login = false;
  for (std::string line; std::getline(lines, line);) {
    line = trimmed(line);
    if (line.starts_with("[")) login = line == "[Login]";
    const std::size_t equals = line.find('=');
    if (!login || equals == std::string::npos || trimmed(line.substr(0, equals)) != "RemoveIPC")
      continue;
    value = trimmed(line.substr(equals + 1));
    source = file.string();
  }
}

struct remove_ipc {
  bool on = true;  // systemd's default
  std::string source = "by default";
};

remove_ipc configured_remove_ipc() {
  std::string value;
  std::string source;
  std::map<std::string, std::filesystem::path> drop_ins;  // of one name only the first counts
  bool main_found = false;
  for (const std::string& directory : configuration_directories()) {
    const std::filesystem::path systemd = std::filesystem::path(directory) / "systemd";
    std::error_code ignored;
    if (!main_found && std::filesystem::exists(systemd / "logind.conf", ignored)) {
      main_found = true;
      read_remove_ipc(systemd / "logind.conf", value, source);
    }
    std::filesystem::directory_iterator files(systemd / "logind.conf.d", ignored);
    for (; !ignored && files != std::filesystem::directory_iterator(); files.increment(ignored))
      if (files->path().extension() == ".conf")
        drop_ins.emplace(files->path().filename().string(), files->path());
  }
  for (const auto& [name, file] : drop_ins)
    read_remove_ipc(file, value, source);
  if (value.empty()) return {};
  static const std::set<std::string> yes{"1", "yes", "y", "true", "t", "on"};
  return {yes.contains(value), "in " + source};
}

bool logind_runs() {
  std::error_code ignored;
  // Made by systemd when it is the first process.
  return std::filesystem::exists("/run/systemd/system", ignored);
}

std::string ordinary_users(const examination& into) {
  std::set<uid_t> users{::getuid()};
  for (const directory_file& each : files_of(into.directory))
    users.insert(each.status.st_uid);  // also of maps that this user may not read
  std::string names;
  for (const uid_t user : users)
    if (user > highest_system_user) names += (names.empty() ? "" : ", ") + user_name(user);
  return names;
}

std::optional<std::uint64_t> number_in(const std::filesystem::path& file) {
  const std::optional<std::string> text = text_of(file);
  std::uint64_t number = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), number).ec != std::errc{})
    return std::nullopt;  // "max" too
  return number;
}

struct memory_group {
  std::string path;
  std::uint64_t limit = 0;
  std::uint64_t used = 0;
};

/// The group with the least memory among this process's own and those above it.
void look_at_group(const mount& hierarchy, const std::string& group, bool second_version,
                   std::optional<memory_group>& tightest) {
  const char* limit_name = second_version ? "memory.max" : "memory.limit_in_bytes";
  const char* used_name = second_version ? "memory.current" : "memory.usage_in_bytes";
  // Version 1 writes "no limit" as the largest whole number of pages.
  constexpr std::uint64_t none = 1ull << 60;
  std::filesystem::path at = group;
  for (int depth = 0; depth != 64; ++depth) {
    const std::filesystem::path files = hierarchy.point / at.relative_path();
    const std::optional<std::uint64_t> limit = number_in(files / limit_name);
    if (limit && *limit < none && (!tightest || *limit < tightest->limit))
      tightest = {files.string(), *limit, number_in(files / used_name).value_or(0)};
    if (at == at.root_path() || at.empty()) return;
    at = at.parent_path();
  }
}

std::optional<memory_group> tightest_group() {
  std::optional<memory_group> tightest;
  const std::vector<mount> mounted = mounts();
  std::istringstream lines(text_of("/proc/self/cgroup").value_or(""));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool second_version = line.starts_with("0::");
    if (!second_version && controllers.find(",memory,") == std::string::npos) continue;
    for (const mount& each : mounted) {
      const bool fits = second_version
                            ? each.type == "cgroup2"
                            : each.type == "cgroup" &&
                                  ("," + each.options + ",").find(",memory,") != std::string::npos;
      if (fits) look_at_group(each, line.substr(second + 1), second_version, tightest);
    }
  }
  return tightest;
}

std::uint64_t largest_map(const examination& into) {
  std::uint64_t largest = 0;
  for (const map_info& each : into.maps)
    largest = std::max(largest, each.bytes_max);
  return largest;
}

std::string examine_group(examination& into) {
  const std::optional<memory_group> group = tightest_group();
  if (!group) return "no control group limits memory";
  std::string text = fmt::format("{} allows {}, {} are used", group->path, show_bytes(group->limit),
                                 show_bytes(group->used));
  constexpr auto remedy =
      "what a map holds is charged to the group that touched it first: raise MemoryMax= of the "
      "unit, or --memory of the container";
  if (static_cast<double>(group->used) > nearly_all * static_cast<double>(group->limit)) {
    into.warn("memory_limits", text, remedy);
  } else if (largest_map(into) > group->limit) {
    into.warn("memory_limits",
              fmt::format("{}, and a map may grow to {}", text, show_bytes(largest_map(into))),
              remedy);
  }
  return text;
}

void examine_process_limit(examination& into, __rlimit_resource which, const char* what,
                           const char* remedy) {
  rlimit limit{};
  const std::uint64_t needed = std::max(largest_map(into), default_max_bytes);
  if (::getrlimit(which, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > needed)
    return;
  into.warn("memory_limits",
            fmt::format("{} is limited to {}, and a map takes {}", what, show_bytes(limit.rlim_cur),
                        show_bytes(needed)),
            remedy);
}

std::uint64_t meminfo(const std::string& name) {
  std::istringstream lines(text_of("/proc/meminfo").value_or(""));
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(name + ":")) return std::stoull(line.substr(name.size() + 1)) << 10;
  return 0;
}

std::string examine_overcommit(examination& into) {
  const std::uint64_t policy = number_in("/proc/sys/vm/overcommit_memory").value_or(0);
  if (policy != 2) return fmt::format("overcommit_memory is {}", policy);
  const std::uint64_t limit = meminfo("CommitLimit");
  const std::uint64_t taken = meminfo("Committed_AS");
  std::string text = fmt::format("overcommit_memory is 2: {} of {} are committed",
                                 show_bytes(taken), show_bytes(limit));
  if (static_cast<double>(taken) > nearly_all * static_cast<double>(limit)) {
    into.warn("memory_limits", text + ", and maps grow out of the rest",
              "raise vm.overcommit_ratio, or set vm.overcommit_memory to 0");
  }
  return text;
}

}  // namespace

void examine_remove_ipc(examination& into) {
  // logind clears /dev/shm and everything below, and nothing else that may hold maps.
  const std::string directory = into.directory.string() + "/";
  if (!directory.starts_with("/dev/shm/"))
    return into.ok("remove_ipc", "systemd-logind removes files of /dev/shm only");
  if (!logind_runs()) return into.ok("remove_ipc", "systemd does not run here");
  const remove_ipc setting = configured_remove_ipc();
  if (!setting.on) return into.ok("remove_ipc", "RemoveIPC is off " + setting.source);
  const std::string users = ordinary_users(into);
  if (users.empty()) {
    return into.ok("remove_ipc", fmt::format("RemoveIPC is on {}, and spares system users, who own "
                                             "all maps here",
                                             setting.source));
  }
  into.warn("remove_ipc",
            fmt::format("RemoveIPC is on {}: the maps of {} vanish when the user has logged out",
                        setting.source, users),
            "write [Login] and RemoveIPC=no to /etc/systemd/logind.conf.d/twinmap.conf and restart "
            "systemd-logind, or let a system user own the maps, as twinmapd does");
}

void examine_memory_limits(examination& into) {
  const std::size_t before = into.findings().size();
  const std::string group = examine_group(into);
  examine_process_limit(into, RLIMIT_AS, "address space (ulimit -v)",
                        "ulimit -v unlimited, or LimitAS=infinity in the unit");
  examine_process_limit(into, RLIMIT_FSIZE, "file size (ulimit -f)",
                        "ulimit -f unlimited, or LimitFSIZE=infinity in the unit");
  const std::string overcommit = examine_overcommit(into);
  if (into.findings().size() == before)
    into.ok("memory_limits", group + "; " + overcommit + "; no limit of this process is too low");
}

}  // namespace twinmap::cli
