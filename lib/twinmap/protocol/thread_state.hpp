#pragma once

// What one thread keeps of one handle: its lookup counters, and the way to find them in a
// nanosecond.

#include <twinmap/platform/atomic.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace twinmap::protocol {

/// Lookup counters of one thread on one handle. Per process. Only the owning thread writes; `stats`
/// of any thread reads. A plain load and store stand for the increment: there is no other writer.
// (N5) A load of one by who adds them up is seq_cst by default, with nothing: it need not be.
struct lookup_counters {
  std::atomic<std::uint64_t> hits_read{0};
  std::atomic<std::uint64_t> hits_dirty{0};
  std::atomic<std::uint64_t> misses{
      0};  ///< lookups that read could not answer; hits through dirty included
  std::atomic<std::uint64_t> retries{0};  ///< validations that failed

  void assign(const lookup_counters& other) noexcept {
    hits_read.store(other.hits_read.load(std::memory_order_relaxed), std::memory_order_relaxed);
    hits_dirty.store(other.hits_dirty.load(std::memory_order_relaxed), std::memory_order_relaxed);
    misses.store(other.misses.load(std::memory_order_relaxed), std::memory_order_relaxed);
    retries.store(other.retries.load(std::memory_order_relaxed), std::memory_order_relaxed);
  }

  /// Whether no lookup was counted since, but for starts anew, which come with one of these sooner
  /// or later.
  [[nodiscard]] bool same_lookups(const lookup_counters& before) const noexcept {
    return hits_read.load(std::memory_order_relaxed) ==
               before.hits_read.load(std::memory_order_relaxed) &&
           misses.load(std::memory_order_relaxed) == before.misses.load(std::memory_order_relaxed);
  }

  static void add(std::atomic<std::uint64_t>& counter, std::uint64_t count = 1) noexcept {
    platform::count_up(counter, count);
  }
};

struct thread_state;

/// What a new line of the cache has for a table: whatever a damaged root says, there is a group to
/// read.
alignas(64) inline constexpr std::array<std::byte, 64> empty_group{};

/// The threads' shortcut from a handle to their state on it and to the read table. Each shared
/// object that inlines the read path has its own.
struct thread_cache {
  struct alignas(64) line {
    std::uint64_t handle = 0;  ///< handle ids start at 1 and are never used twice
    std::uint64_t root = 0;    ///< the read root that the next two were taken from
    const std::byte* table = empty_group.data();  ///< its groups, all within the published limit
    std::uint64_t groups = 0;
    lookup_counters* counters = nullptr;  ///< of `thread`
    thread_state* thread = nullptr;
  };
  static constexpr std::size_t lines = 8;
  std::array<line, lines> handles{};
};
[[gnu::visibility("hidden")]] inline constinit thread_local thread_cache cached_threads{};

}  // namespace twinmap::protocol
