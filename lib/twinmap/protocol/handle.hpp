#pragma once

// One attachment of this process to one map, whatever the types of its keys and values: bytes in,
// bytes out.

#include <twinmap/platform/error.hpp>
#include <twinmap/platform/segment_file.hpp>
#include <twinmap/protocol/thread_state.hpp>
#include <twinmap/storage/view.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace twinmap::protocol {

using storage::key_view;
using storage::segment_view;

using bytes = std::span<const std::byte>;
using byte_vector = std::vector<std::byte>;

enum class attach_mode { create_only, open_or_create, open_only, open_read_only };

/// A type as the map records it. `size` is the exact size of every value of it, 0 if they vary.
struct type_request {
  std::string name;
  std::uint32_t size = 0;
};

/// Everything a constructor of the public layer says. Types that are empty accept any (bytes_map,
/// tools).
struct attach_request {
  std::string name;
  attach_mode mode = attach_mode::open_only;
  type_request key;
  type_request value;
  std::string directory;  ///< empty: $TWINMAP_DIR, else /dev/shm
  // for the one who creates
  std::uint64_t max_bytes = 1ull << 30;
  std::uint64_t max_entries = 0;
  std::uint32_t slot_bytes = 0;
  std::uint32_t max_writers = 256;
  platform::ownership owner;
  bool huge_pages = false;
  std::uint64_t hash_mask = ~0ull;  ///< tests make keys collide with it
  // for this handle
  std::chrono::nanoseconds lock_timeout = std::chrono::seconds(10);
  platform::trust whom;
  bool keep_on_retired = false;
  std::uint32_t miss_batch = 64;  ///< misses gathered before they are published, rounded up to a
                                  ///< power of two; tests set 1
};

/// Bytes that an operation hands back: a small value stays in place, a long one in a vector whose
/// capacity is re-used.
class value_buffer {
 public:
  std::byte* resize(std::size_t length) {
    size_ = length;
    if (length <= small_.size()) return small_.data();
    if (large_.size() < length) large_.resize(length);
    return large_.data();
  }
  [[nodiscard]] bytes view() const noexcept {
    return {size_ <= small_.size() ? small_.data() : large_.data(), size_};
  }

 private:
  alignas(8) std::array<std::byte, 64> small_;  ///< of which `size_` bytes mean something
  byte_vector large_;
  std::size_t size_ = 0;
};

/// Takes a value that an operation is about to hand back: before anything has changed, and again
/// when another writer was faster. What it throws ends the operation, which then has no effect.
class value_taker {
 public:
  virtual ~value_taker() = default;
  virtual void take(bytes value) = 0;
};

/// What an update wants to stand after it.
enum class update_step { keep, put, remove };

/// Computes an update from what stands. May be called again when another writer was faster; never
/// under a lock.
class updater {
 public:
  virtual ~updater() = default;
  /// `current` is meaningful if `present`. For `put` the new bytes go into `desired`.
  virtual update_step step(bool present, bytes current, value_buffer& desired) = 0;
};

struct thread_state;
struct process_state;

/// The type-erased map. Mutators raise `twinmap::error`; a failed one has changed nothing.
/// Progress, unless said otherwise: lock-free for keys that exist; new keys may wait for the mutex;
/// all that store a value of over 8 bytes need memory.
class TWINMAP_EXPORT handle {
 public:
  static std::unique_ptr<handle> attach(const attach_request& request);
  ~handle();
  handle(const handle&) = delete;
  handle& operator=(const handle&) = delete;

  [[nodiscard]] key_view key(const void* data, std::size_t size) const noexcept {
    return {static_cast<const std::byte*>(data), size, view.hash(data, size)};
  }

  void store(key_view key, bytes value);
  /// True if a value stood there; `previous` holds exactly the one that was replaced.
  bool exchange(key_view key, bytes value, value_buffer& previous);
  bool exchange(key_view key, bytes value, value_taker& previous);
  /// True if a value stood there; `standing` holds what stands after.
  bool load_or_store(key_view key, bytes value, value_buffer& standing);
  bool load_or_store(key_view key, bytes value, value_taker& standing);
  bool erase(key_view key);
  bool load_and_erase(key_view key, value_buffer& previous);
  bool load_and_erase(key_view key, value_taker& previous);
  bool compare_exchange(key_view key, bytes expected, bytes desired);
  bool compare_erase(key_view key, bytes expected);
  /// True if a value stands after; `standing` holds it, `previous` what stood before (`had` says
  /// whether any).
  bool update(key_view key, updater& f, value_buffer& previous, bool& had, value_buffer& standing);
  /// The store of a value of the same length over one that is in its slot, as `seen` says; the
  /// caller has found it as twinmap/in_place.hpp does. False, and nothing done, if it moved or
  /// anything else is out of the ordinary: then the operations above decide. Progress: wait-free.
  bool replace_in_place(const thread_cache::line& line, storage::entry& slot,
                        platform::pair_value seen, std::uint64_t payload);
  /// The store of a value under a key whose slot is nil; likewise.
  bool revive_in_place(const thread_cache::line& line, storage::entry& slot,
                       platform::pair_value seen, std::uint64_t payload, unsigned length);
  /// The erase of a value that is in its slot; likewise.
  bool remove_in_place(const thread_cache::line& line, storage::entry& slot,
                       platform::pair_value seen);
  /// Whether a change that finds nothing to change may say so without further ado. Where not, the
  /// operations above raise what is to be raised.
  [[nodiscard]] bool takes_changes() const noexcept { return writable_ && !retired(); }
  /// An erase of each key born before it began. Progress: lock-free; compaction follows with a
  /// later insert.
  void clear();

  /// The general read path: false if absent. Progress: wait-free but for retries against writers of
  /// this key; no system call (P1).
  bool load(key_view key, value_buffer& out) const;

  /// Go's Range promise over all keys; `f` returns false to stop. The spans are copies private to
  /// this call.
  void for_each(const std::function<bool(bytes, bytes)>& f) const;

  /// What such a walk goes over: slots from 1 on, keys born before.
  struct range_of_walk {
    std::uint64_t births;
    std::uint64_t slots;
  };
  [[nodiscard]] range_of_walk walk_range() const noexcept;

  [[nodiscard]] std::uint64_t size() const noexcept;
  [[nodiscard]] bool created() const noexcept;
  [[nodiscard]] bool read_only() const noexcept;
  // The name was removed. Ordered accesses:
  //   (X1) store of `retired`, before files go: with (X2)
  //   (X2) acquire load of it: with (X1); between it and a look at the files' names stands the
  //        directory's own lock
  //   (X3) release addition to the bell, once the map is retired: with (X4)
  //   (X4) acquire load of the bell (caretaker.cpp): with (X3): who sees it rung sees that
  [[nodiscard]] bool retired() const noexcept {
    return view.roots->retired.load(std::memory_order_acquire) != 0;  // (X2)
  }
  [[nodiscard]] const attach_request& request()
      const noexcept;  ///< first group as in force, not as asked
  [[nodiscard]] const std::string& name() const noexcept;

  /// The calling thread's line of the cache, made this handle's if it is not.
  [[nodiscard]] thread_cache::line& own_line() const {
    thread_cache::line& line = cache_line_of_thread();
    if (line.handle != id_) [[unlikely]] {
      line = attach_thread();
      line.handle = id_;
    }
    return line;
  }
  /// This thread's lookup counters; made on first use.
  [[nodiscard]] lookup_counters& counters() const { return *own_line().counters; }
  /// The calling thread's line of the cache. It is this handle's only if `line.handle` is `id()`.
  [[nodiscard]] thread_cache::line& cache_line_of_thread() const noexcept {
    auto* lines = reinterpret_cast<std::byte*>(cached_threads.handles.data());
    return *reinterpret_cast<thread_cache::line*>(lines + cache_offset_);
  }
  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  /// Called after a lookup that read could not answer: publishes a full batch, and may promote
  /// (P1).
  void note_miss(lookup_counters& counters) const {
    const std::uint64_t misses = counters.misses.load(std::memory_order_relaxed) + 1;
    counters.misses.store(misses, std::memory_order_relaxed);
    if ((misses & (miss_batch_ - 1)) == 0) publish_misses();
  }
  /// R6's last resort: a lookup that was refused 2^20 times.
  [[noreturn]] void raise_corrupted(const char* what) const;

  segment_view view;

  /// The rest of this process's state; the other files of this layer work on it.
  [[nodiscard]] process_state& state() const noexcept { return *state_; }
  /// The calling thread's state on this handle, made on first use.
  [[nodiscard]] thread_state& thread() const { return *own_line().thread; }

 private:
  handle();
  [[nodiscard]] thread_cache::line attach_thread() const;
  void publish_misses() const;
  void publish_all() const noexcept;

  std::uint64_t id_ = 0;
  std::uint64_t cache_offset_ = 0;  ///< of this handle's line in a thread's cache, in bytes
  std::uint64_t miss_batch_ = 64;   ///< a power of two
  bool writable_ = false;           ///< not attached read-only
  std::unique_ptr<process_state> state_;
  friend struct attachment;
};

/// Removes a name. False if there is none. Attached handles go on reading; mutators follow
/// `on_retired`.
TWINMAP_EXPORT bool remove(const std::string& name, const std::string& directory);

}  // namespace twinmap::protocol
