#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace twinmap {

/// What a handle's mutators do once the map's name was removed: `fail` throws `errc::retired`,
/// `keep` goes on writing to a map that nobody can open any more.
enum class on_retired : std::uint8_t { fail, keep };

/// How to make a map, and how this handle behaves. An aggregate for designated initialisers:
/// `{.max_bytes = 4ull << 30, .mode = 0660}`. A handle's `options()` returns what is in force.
struct options {
  // Counts only for the process that creates the map; the others get what it said.

  /// Bytes. Upper bound of the segment and the address space reserved for it; memory is taken only
  /// as it is used.
  std::uint64_t max_bytes = 1ull << 30;
  /// Upper bound of entry slots, live and deleted-but-not-yet-purged together. 0: derived from
  /// `max_bytes`.
  std::uint64_t max_entries = 0;
  /// Bytes of an entry slot, a power of two from 32. Keys that do not fit go to the heap. 0: chosen
  /// by the key type.
  std::uint32_t slot_bytes = 0;
  /// Writing threads attached at the same time, all processes together.
  std::uint32_t max_writers = 256;
  /// Permission bits of the files, exact whatever the umask.
  mode_t mode = 0600;
  /// Group of the files. Empty: whatever the system gives a new file.
  std::optional<gid_t> group = std::nullopt;
  /// Ask the system for huge pages: memory comes in pieces of 2 MiB, in a map of at least 64 MiB
  /// for each part of it. Where the system has none the map works without; `info().bytes_huge`
  /// tells. See "Huge pages" in twinmap(7).
  bool huge_pages = false;

  // Counts for this handle.

  /// Where the files are. Empty: the environment's `TWINMAP_DIR`, else `/dev/shm`.
  std::string directory = {};
  /// How long one operation may wait for the mutex before it fails with `errc::lock_timeout`.
  std::chrono::nanoseconds lock_timeout = std::chrono::seconds(10);
  /// A user whose files are accepted beside one's own, root's and those of the daemon (the system
  /// user `twinmap`).
  std::optional<uid_t> trusted_owner = std::nullopt;
  /// What mutators do after the name was removed.
  twinmap::on_retired on_retired = twinmap::on_retired::fail;
};

}  // namespace twinmap
