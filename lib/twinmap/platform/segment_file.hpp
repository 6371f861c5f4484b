#pragma once

#include <twinmap/platform/error.hpp>

#include <boost/interprocess/mapped_region.hpp>

#include <sys/types.h>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace twinmap::platform {

/// What a file is, whatever its name: two descriptors with the same identity are the same file.
struct file_identity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const file_identity&, const file_identity&) = default;
};

/// Where a map's files are and how messages call it.
struct map_location {
  std::string name;       ///< as the user wrote it
  std::string directory;  ///< without a trailing slash
  [[nodiscard]] std::string segment_path() const { return directory + "/twinmap." + name; }
  [[nodiscard]] std::string lock_path() const { return segment_path() + ".lock"; }
};

/// 1 to 200 of [A-Za-z0-9._-], not "." or "..", and not ending in ".lock" (that is the lock file of
/// another name). Raises invalid_name, saying which rule was broken.
void check_name(const std::string& name);

/// The directory to use: the option if not empty, else $TWINMAP_DIR, else /dev/shm; without
/// trailing slashes.
std::string resolve_directory(const std::string& option);

struct ownership {
  mode_t mode = 0600;          ///< permission bits, exact whatever the umask
  std::optional<gid_t> group;  ///< unchanged if empty
};

/// Who may own a file that is attached: me, root, the daemon's system user, `trusted_owner`; anyone
/// if the file's group is one of mine and its mode grants that group what is asked for. A
/// world-writable file is refused unless `world_writable_ok`.
struct trust {
  std::optional<uid_t> trusted_owner;
  bool world_writable_ok = false;
};

enum class access { read_only, read_write };

/// One sparse file, mapped once at its full size, at an address that huge pages can begin at. The
/// descriptor stays open as the anchor through which memory is committed. Per process; not stored
/// in shared memory. All members may be called by many threads, but move and destruction.
class segment_file {
 public:
  segment_file() = default;  ///< holds nothing
  segment_file(segment_file&&) noexcept;
  segment_file& operator=(segment_file&&) noexcept;
  ~segment_file();

  /// Makes a nameless file (O_TMPFILE; where the file system has none, a temporary name
  /// ".twinmap.NAME.PID.RANDOM" that is removed on every way out), of `size` bytes, all holes, and
  /// maps it for writing. It has no name until `publish`.
  static segment_file create(const map_location& where, std::uint64_t size, const ownership& owner);

  /// Gives the file its name (linkat). False if the name is taken; raises for anything else.
  bool publish(const map_location& where);

  /// Opens and maps an existing file (O_NOFOLLOW, regular file, trusted owner). Raises not_found,
  /// permission_denied (mode, owner, a symbolic link, not a regular file: the text says which),
  /// corrupted if it is empty or its size is no multiple of the page size.
  static segment_file open(const map_location& where, access mode, const trust& whom);

  /// Makes [offset, offset + length) resident, so that touching it can never raise SIGBUS
  /// (fallocate; where the file system has none, MADV_POPULATE_WRITE). Idempotent. errc::no_space
  /// if the file system is full, else the system's error; the error names no map: the caller knows
  /// the limits. Progress: a system call; never waits for another process.
  [[nodiscard]] std::error_code commit(std::uint64_t offset, std::uint64_t length) noexcept;

  /// From now on `commit` takes memory in huge pages where it covers whole ones and the system has
  /// them, and page tables of this process name them where a mount gives them to who asks.
  /// Nothing else changes. Progress: a system call.
  void ask_for_huge_pages() noexcept;

  /// The opposite: the memory behind [offset, offset + length) goes back to the system, and what is
  /// read there is zero (a hole, fallocate; where the file system makes none, MADV_REMOVE). Who
  /// touches it afterwards without `commit` meets SIGBUS if the file system is full. Both ends at
  /// page boundaries. A huge page that it cuts into becomes small ones; those of hugetlbfs cannot,
  /// and `errc::not_supported` comes. Progress: a system call.
  [[nodiscard]] std::error_code give_back(std::uint64_t offset, std::uint64_t length) noexcept;

  /// Whether `give_back` can do anything here.
  [[nodiscard]] bool gives_back() const noexcept { return !hugetlbfs_; }

  /// Bytes of the file system and those of them that a process without privilege could still get.
  /// Both zero where it has no limit or does not tell.
  struct file_system {
    std::uint64_t total = 0;
    std::uint64_t available = 0;
  };
  [[nodiscard]] file_system space() const noexcept;

  [[nodiscard]] std::byte* base() const noexcept {
    return static_cast<std::byte*>(region_.get_address());
  }
  [[nodiscard]] std::uint64_t size() const noexcept { return region_.get_size(); }
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  [[nodiscard]] file_identity identity() const noexcept { return identity_; }
  [[nodiscard]] access mode() const noexcept { return access_; }
  explicit operator bool() const noexcept { return region_.get_address() != nullptr; }

  /// Bytes of the file that have memory behind them (st_blocks).
  [[nodiscard]] std::uint64_t resident_bytes() const noexcept;

 private:
  void map(const std::string& map_name, std::uint64_t size);
  void close() noexcept;

  int descriptor_ = -1;
  access access_ = access::read_only;
  file_identity identity_;
  bool hugetlbfs_ = false;
  bool huge_pages_ = false;
  std::string temporary_path_;
  boost::interprocess::mapped_region region_;
};

/// What currently stands under the map's name, if it is a file this process can see.
std::optional<file_identity> identity_of(const std::string& path);

/// Removes the two files of a name. With `segment`, open on it for reading and writing, only if the
/// name leads to that one. False if there was no segment file, or another one. Raises for anything
/// but absence.
bool remove_files(const map_location& where, int segment = -1);

/// Raises unsupported_platform, naming what is missing (cmpxchg16b, a page size of 4 KiB to 64 KiB,
/// OFD locks, …).
void check_platform(const std::string& map);

}  // namespace twinmap::platform
