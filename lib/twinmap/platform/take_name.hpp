#pragma once

#include <twinmap/platform/descriptor.hpp>

#include <string>

namespace twinmap::platform {

/// A name of a map, and the one file that it may be taken from. Made in time: taking it needs no
/// memory. Per process.
struct name_of_file {
  name_of_file(std::string name, const file_identity& whose);
  [[nodiscard]] bool leads_to_it() const noexcept;

  std::string path;
  file_identity file;
  std::string grave;  ///< of that file alone: its inode number is in the name
};

enum class name_taken {
  by_us,
  by_another,  ///< the name does not lead to the file
  not_now,     ///< somebody has byte 0 of the file for himself, and takes names in another way
  refused      ///< by the system: errno
};

/// Takes a name from a file that shall never have it again, and from no other: all names of maps
/// are taken this way.
///
/// Protocol: share byte 0 of the file (a read lock); see that the name leads to it; rename it to
/// its grave, which must not be there yet; let the byte go. The grave is removed by whoever finds
/// byte 0 free.
/// (1) The rename moves no other file, however long we are stopped before it. If the name has come
///     to lead to another one since the look, ours was moved to its grave in between; as we share
///     the byte the grave is still there, and so the rename fails.
/// (2) Nobody waits, as sharers keep nobody away.
/// (3) A death leaves the name as it was, or a grave, which `clear_graves` finds.
/// Where the file system cannot rename without replacing, the name is removed by whoever has the
/// byte for himself, and others get `not_now` meanwhile.
///
/// Per process; for one thread. Progress: system calls; waits for nobody.
class name_taker {
 public:
  /// Shares byte 0 of `file`, which is open for reading and writing, and stays open for as long.
  name_taker(const name_of_file& name, int file) noexcept;
  name_taker(const name_taker&) = delete;
  name_taker& operator=(const name_taker&) = delete;
  ~name_taker();

  /// False: errno says why not.
  [[nodiscard]] bool ready() const noexcept { return ready_; }
  name_taken take() noexcept;

 private:
  const name_of_file& name_;
  int file_;
  bool ready_;
};

/// The same in one go.
name_taken try_take_name(const name_of_file& name, int file) noexcept;

/// Removes the graves in a directory that nobody needs and that this user may remove.
void clear_graves(const std::string& directory) noexcept;

}  // namespace twinmap::platform
