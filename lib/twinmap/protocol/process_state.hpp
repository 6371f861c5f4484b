#pragma once

// What a process keeps of an attachment beside the view: files, threads, leases. Per process, never
// in the segment.

#include <twinmap/platform/lease.hpp>
#include <twinmap/platform/robust_mutex.hpp>
#include <twinmap/protocol/handle.hpp>
#include <twinmap/storage/block_allocator.hpp>

#include <mutex>

namespace twinmap::protocol {

/// One thread on one handle; read by `stats` of others. When its thread ends it becomes idle and
/// waits for another one. It is freed only with the handle: a lookup in a late destructor may still
/// count into it.
struct thread_state {
  lookup_counters counters;
  lookup_counters published;  ///< how much of `counters` has gone into the segment
  platform::lease lease;
  bool idle = false;  ///< under threads_mutex
};

/// A lease that no thread uses: the one taken at attach, until the first writing thread gets it.
/// Lookups borrow it for a promotion, so that they need no system call (P1).
class spare_lease {
 public:
  /// Leaves `lease` to the caller if there is one already, or somebody is just looking.
  void put(platform::lease& lease);
  /// Empty if there is none or somebody has it.
  [[nodiscard]] platform::lease take();
  void lock() { mutex_.lock(); }  ///< around fork
  void unlock() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
  platform::lease lease_;
};

struct process_state {
  explicit process_state(const segment_view& view) : blocks(view, file) {}

  attach_request request;
  platform::map_location where;
  platform::segment_file file;
  platform::lock_file locks;  ///< none on a read-only handle
  platform::lease_directory leases;
  storage::block_allocator blocks;
  bool created = false;
  /// When a sweep was last made under the mutex, for want of a table; CLOCK_MONOTONIC ns.
  std::atomic<std::uint64_t> swept_for_table{0};

  spare_lease spare;
  /// Counts lookups of threads for whose own state there was no memory; never has a lease.
  thread_state without_memory;
  std::mutex threads_mutex;
  std::vector<std::unique_ptr<thread_state>> threads;
};

/// A thread about to write: its lease and what goes with it.
struct writer {
  handle& map;
  thread_state& thread;
  storage::allocation_context context;

  [[nodiscard]] process_state& state() const noexcept { return map.state(); }
  [[nodiscard]] storage::block_allocator& blocks() const noexcept { return map.state().blocks; }
  [[nodiscard]] storage::segment_header& header() const noexcept { return *map.view.header; }

  void count(storage::counter which, std::uint64_t n = 1) const noexcept {
    auto& cell = context.page->counts[static_cast<std::size_t>(which)];
    cell.store(cell.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
};

/// A thread that has a living lease as a writer.
inline writer writer_of(handle& map, thread_state& mine) noexcept {
  auto& page = map.view.lease(mine.lease.id().slot);
  auto* stacks = reinterpret_cast<storage::private_stacks*>(mine.lease.private_memory());
  return {map, mine, {mine.lease.id(), &page, stacks}};
}

/// The calling thread as a writer, with a living lease. Raises read_only, retired,
/// too_many_writers, no_space.
writer begin_write(handle& map);
/// The same for caretaking, which a retired map allows.
writer begin_care(handle& map);
/// Publishes this thread's lookup counters into its lease: called at the end of every write.
void publish_counters(const writer& by) noexcept;

/// Handles of this process by id, so that a thread's end finds those that still exist. Ids are
/// never used twice.
std::uint64_t register_handle(process_state& state);
void unregister_handle(std::uint64_t id);
/// Takes the lease that the first writing thread, or a promoting lookup, will use.
void provide_spare_lease(handle& map);

/// The leases' counters and the correction, all added up: less than nothing, modulo 2^64, where the
/// dead did not count what they put. Unsigned: garbage may overflow (P6).
std::uint64_t sum_of_sizes(const segment_view& view) noexcept;

/// Keys live now, by those.
std::uint64_t count_size(const segment_view& view) noexcept;

[[noreturn]] void raise_no_space(const handle& map, std::uint64_t needed, const char* what);

}  // namespace twinmap::protocol
