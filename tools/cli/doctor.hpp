// What doctor looks at: the machine, the directory and what lies in it.
#pragma once

#include <sys/stat.h>
#include <cli/settings.hpp>
#include <twinmap/stats.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace twinmap::cli {

enum class finding_status { ok, warn, fail };

struct finding {
  std::string check;
  finding_status status = finding_status::ok;
  std::string text;
  std::string remedy;  ///< empty where there is nothing to mend
};

/// Collects findings, for one directory.
class examination {
 public:
  explicit examination(const settings& common);

  const settings& common;
  const std::filesystem::path directory;  ///< absolute, without links
  const std::vector<map_info> maps;       ///< empty if the directory cannot be listed

  void ok(const std::string& check, std::string text);
  void warn(const std::string& check, std::string text, std::string remedy);
  void fail(const std::string& check, std::string text, std::string remedy);
  const std::vector<finding>& findings() const { return findings_; }

 private:
  std::vector<finding> findings_;
};

// Each adds one finding if all is well, else one for every thing that is not.
void examine_directory(examination& into);
void examine_remove_ipc(examination& into);
void examine_huge_pages(examination& into);
void examine_memory_limits(examination& into);
void examine_unlinked_maps(examination& into);
void examine_left_overs(examination& into);
void examine_writers(examination& into);
void examine_kernel(examination& into);
void examine_daemon(examination& into);

/// A file of the directory whose name is that of a map, of a lock, or of one that is being made.
struct directory_file {
  std::string name;
  struct stat status {};
};
std::vector<directory_file> files_of(const std::filesystem::path& directory);

/// A small file of /proc, /sys or /etc; nothing if it cannot be read.
std::optional<std::string> text_of(const std::filesystem::path& file);

/// The mount that a path lies on, as the kernel tells it.
struct mount {
  std::string point;
  std::string type;
  std::string options;  ///< of the mount and of the file system, with commas between them
};
std::vector<mount> mounts();
std::optional<mount> mount_of(const std::filesystem::path& path);
/// The value of `name=value` among options with commas between them.
std::optional<std::string> option_of(const std::string& options, const std::string& name);

}  // namespace twinmap::cli
