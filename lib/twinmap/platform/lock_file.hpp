#pragma once

#include <twinmap/platform/segment_file.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace twinmap::platform {

/// The 128 bits that tie a lock file to its segment.
using segment_uuid = std::array<std::uint64_t, 2>;

/// The permission bits of a lock file, given those of its segment.
mode_t lock_mode(mode_t segment_mode) noexcept;

/// What probing a byte found. `unknown` counts as held everywhere: a living owner must never look
/// dead.
enum class byte_state { free, held, unknown };

/// The second file of a map, `twinmap.NAME.lock`: those who may write the map, and only they, can
/// open it. Its bytes are locked (F_OFD_SETLK) to say "I live".
///
/// File: a `header` at offset 0 and nothing else; byte ranges that are only locked need no memory
/// behind them.
///   - byte 0: locked by those who take the file's name away (take_name.hpp)
///   - byte 1: while the file has a temporary name (new_file.cpp)
///   - 4096 .. 4096 + 2^31: owners of the mutex, by slot and low 19 bits of the incarnation
///     (lease.hpp)
///   - 2^32 ..: leases, by slot and incarnation (lease.hpp)
///
/// Invariant: all who are attached to one segment for writing have the same lock file open. Hence
/// it is made only while the segment has its name, gets its name by linkat (which never replaces),
/// and loses it (take_name.hpp) only to somebody who knows that its segment has lost its own
/// before.
///
/// The anchor descriptor holds no lock ever: through a description that does, one's own locks look
/// free. Per process. All members may be called by many threads, but move and destruction.
class lock_file {
 public:
  lock_file() = default;
  lock_file(lock_file&&) noexcept;
  lock_file& operator=(lock_file&&) noexcept;
  ~lock_file();

  /// What stands at the start of the file. Stored on disk; never changes.
  struct header {
    std::array<char, 8> magic;
    std::uint64_t version;
    segment_uuid segment;
  };
  static_assert(sizeof(header) == 32);

  /// Opens the lock file of `segment`, making it if there is none (O_TMPFILE and linkat, mode
  /// derived from `owner.mode`: whoever has w on the segment gets rw, others nothing; owner and
  /// group are the segment's), and replacing a left-over of an earlier segment of this name (its
  /// magic is right, its uuid another). To be called after the segment has its name. Raises
  /// not_found if the segment has lost its name meanwhile; corrupted if the file there is no lock
  /// file; lock_timeout if somebody has byte 0 of the left-over for himself throughout `patience`:
  /// nobody has, where the file system can rename without replacing.
  static lock_file open(const map_location& where, const segment_file& segment,
                        const segment_uuid& uuid, const ownership& owner,
                        std::chrono::nanoseconds patience);

  /// The lock file of the segment with `uuid` as it is, for looking only; empty if there is none,
  /// or if this user may not open it. Takes no lock and makes no file.
  static lock_file open_to_look(const map_location& where, const segment_uuid& uuid);

  /// Probes one byte with F_OFD_GETLK / F_RDLCK through the anchor, after comparing device and
  /// inode (a descriptor that someone closed and re-used is re-opened by name if that name still is
  /// the same file, else `unknown`).
  [[nodiscard]] byte_state probe(std::uint64_t byte) noexcept;

  /// A descriptor of a new file description of the same file (O_CLOEXEC), for taking a lock; -1
  /// with errno set.
  [[nodiscard]] int open_description() noexcept;

  [[nodiscard]] const map_location& where() const noexcept { return where_; }
  explicit operator bool() const noexcept { return anchor_.load(std::memory_order_relaxed) >= 0; }

 private:
  [[nodiscard]] bool is_ours(int anchor) const noexcept;
  [[nodiscard]] int usable_anchor() noexcept;
  void close() noexcept;

  map_location where_;
  std::string path_;  ///< of the file: made once, so that nothing below can fail for want of memory
  std::atomic<int> anchor_ = -1;  ///< relaxed: a number, checked before each use
  file_identity identity_;
};

}  // namespace twinmap::platform
