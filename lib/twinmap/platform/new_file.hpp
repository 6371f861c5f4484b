#pragma once

#include <twinmap/platform/descriptor.hpp>

#include <string>

namespace twinmap::platform {

/// A file that gets its name only when it is complete, so that nobody ever sees, or trips over, a
/// half-made one: a creator that is killed leaves nothing behind. Per process.
struct new_file {
  unique_descriptor file;
  std::string temporary_path;  ///< empty if the file has no name at all (O_TMPFILE)
};

/// Makes an empty file in the directory of `final_path`, open for reading and writing, with exactly
/// these permission bits whatever the umask. Where the file system has no O_TMPFILE it gets a
/// temporary name, and left-overs of killed creators are removed on the way. `map` is for messages.
new_file make_new_file(const std::string& map, const std::string& final_path,
                       const ownership& owner);

/// Links the file to `final_path`. False if that name is taken. Removes the temporary name in any
/// case.
bool give_name(const std::string& map, int file, std::string& temporary_path,
               const std::string& final_path);

/// Removes the temporary name, if there is one.
void drop_temporary_name(std::string& temporary_path) noexcept;

}  // namespace twinmap::platform
