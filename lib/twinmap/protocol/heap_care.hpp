#pragma once

// The heap as its caretaker sees it: memory made resident before it is needed, and given back once
// nobody has needed it for a while. Values are moved together by gather.hpp.

#include <twinmap/protocol/handle.hpp>

#include <chrono>

namespace twinmap::protocol {

/// What the heap consists of just now, by the hints of the allocator where blocks are concerned.
struct heap_state {
  std::uint64_t chunk_bytes = 0;
  std::uint64_t chunks_committed = 0;      ///< resident, whatever is in them
  std::uint64_t chunks_free = 0;           ///< resident and nobody's
  std::uint64_t chunks_given_back = 0;     ///< nobody's, and the system has their memory
  std::uint64_t bytes_free_in_chunks = 0;  ///< in blocks that are free, of chunks that are not
};

/// Progress: lock-free, O(chunks). Works read-only.
TWINMAP_EXPORT heap_state heap(const handle& map);

/// Sees to it that free chunks of `size` bytes are resident, so that no writer waits for the system
/// to find memory. Bytes that became resident: fewer than are missing if the heap cannot grow to
/// it, or where it would take the last sixteenth of the file system, which is left to writers, who
/// may take all there is. Progress: lock-free, system calls for 64 chunks at a time.
TWINMAP_EXPORT std::uint64_t commit_ahead(handle& map, std::uint64_t size);

/// How long a chunk should have been free before its memory is given back.
TWINMAP_EXPORT std::chrono::nanoseconds give_back_age(const handle& map);

/// Since when each chunk has been seen free. Per process, for one thread at a time; 8 bytes for
/// each chunk.
class chunk_ages {
 public:
  explicit chunk_ages(handle& map) noexcept : map_(map) {}

  /// Gives back what has been free for `min_age` without a break, by what earlier calls saw, at
  /// most 64 MiB at a time; free chunks of `keep` bytes stay. Bytes given back.
  /// Progress: lock-free; no system call and no look at the chunks if none can be due.
  std::uint64_t give_back(std::chrono::nanoseconds min_age, std::uint64_t keep);

 private:
  using clock = std::chrono::steady_clock;
  /// A chunk at its last look: the version of its entry if it was free and resident, and when it
  /// first had that version, in ms.
  struct sight {
    std::uint32_t version = not_free;
    std::uint32_t since = 0;
  };
  static constexpr std::uint32_t not_free = ~std::uint32_t{0};  // versions have 28 bits

  [[nodiscard]] bool nothing_due(std::uint32_t min_age) const noexcept;
  void look();
  [[nodiscard]] bool due(std::uint32_t chunk, std::uint32_t min_age) const noexcept;

  handle& map_;
  std::vector<sight> seen_;
  const clock::time_point start_ = clock::now();
  std::uint32_t now_ = 0;     ///< ms since `start_`
  std::uint32_t frees_ = 0;   ///< run_frees at the last look
  std::uint32_t oldest_ = 0;  ///< the earliest `since` of those that the last look left
  std::uint32_t free_ = 0;    ///< free and resident at the last look, less what was given back
  std::uint32_t keep_ = 0;    ///< chunks, at the last look
};

}  // namespace twinmap::protocol
