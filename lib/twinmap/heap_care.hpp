#pragma once

// Care for a map's heap: memory committed before writers need it, and given back when nobody does.
// Included by admin.hpp. A map needs none of it to be correct (P9).

#include <twinmap/any_map.hpp>
#include <twinmap/protocol/heap_care.hpp>

#include <chrono>
#include <memory>

namespace twinmap {

using protocol::heap_state;

/// What the heap consists of just now. Works read-only.
/// Progress: lock-free, O(chunks of the heap).
TWINMAP_EXPORT heap_state heap(const any_map& map);

/// Sees to it that free memory of `bytes` is resident, so that no writer has to wait until the
/// system has found some. Returns the bytes that became resident: 0 if there was enough, fewer than
/// missing if the map's `max_bytes` allows no more, or where it would take the last sixteenth of
/// the file system, which is left to those who need it now. Failure: `read_only`,
/// `too_many_writers`. Progress: lock-free; system calls for 64 chunks at a time.
TWINMAP_EXPORT std::uint64_t commit_ahead(any_map& map, std::uint64_t bytes);
TWINMAP_EXPORT std::uint64_t commit_ahead(any_map& map, std::uint64_t bytes, std::error_code& code);

/// How long memory of this map should have been unused before it is given back: 5 s where an eighth
/// of its file system is free, else 10 s. See P7 in lib/README.md for the reason.
/// Progress: a system call.
TWINMAP_EXPORT std::chrono::nanoseconds give_back_age(const any_map& map);

/// What a caretaker remembers of one map's heap from call to call: how far it has come, and since
/// when it has seen each chunk unused. Must not outlive the attachment. One thread at a time uses
/// it. Memory: about 16 bytes for each chunk of the heap (64 KiB in maps of up to 64 GiB).
class TWINMAP_EXPORT heap_keeper {
 public:
  /// Failure: `read_only`.
  explicit heap_keeper(any_map& map);
  ~heap_keeper();
  heap_keeper(heap_keeper&&) noexcept;
  heap_keeper& operator=(heap_keeper&&) noexcept;

  /// One step of moving values out of sparsely used chunks: about `slots` entry slots are looked
  /// at. Nobody sees a difference: a value stands as it stood, and no counter of stores grows. True
  /// while this pass over the map has more to do; false when it has ended, and at once as long as
  /// nothing has changed since a pass that found nothing to move. Chunks without any value in them
  /// become unused here.
  /// Failure: `too_many_writers`.
  /// Progress: lock-free.
  bool gather_some(std::size_t slots);

  /// Bytes of values that `gather_some` has moved so far.
  std::uint64_t bytes_gathered() const noexcept;

  /// Gives memory back to the system that was unused for `min_age` by what earlier calls saw: call
  /// it now and then, for instance every 500 ms, with `give_back_age`. Unused memory of `keep`
  /// bytes stays (what `commit_ahead` would have to bring again). Returns the bytes given back, at
  /// most 64 MiB: call again while it is not 0.
  /// Failure: `too_many_writers`.
  /// Progress: lock-free; a few loads if nothing can be due.
  std::uint64_t give_back(std::chrono::nanoseconds min_age, std::uint64_t keep = 0);

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace twinmap
