#pragma once

// What happens under the mutex. A `locked_section` is the proof that it is held; every function
// with suffix _locked takes one.
//
// Before each change of several steps the holder names the slot, or the table, that is in flux.
// Whoever takes the mutex from a dead holder settles just that (fix-up): the rules are in
// fix_up.cpp.

#include <twinmap/protocol/process_state.hpp>

#include <boost/interprocess/sync/scoped_lock.hpp>

namespace twinmap::protocol {

class locked_section {
 public:
  /// Waits for the mutex; raises lock_timeout. Settles what a dead holder left.
  explicit locked_section(writer& by);

  writer& by;
  [[nodiscard]] const segment_view& view() const noexcept { return by.map.view; }
  [[nodiscard]] storage::header_locked& locked() const noexcept { return by.header().locked; }
  [[nodiscard]] storage::header_counts& counts() const noexcept { return by.header().counts; }
  [[nodiscard]] storage::header_roots& roots() const noexcept { return by.header().roots; }
  [[nodiscard]] storage::root_word read() const noexcept {
    return {roots().read.load(std::memory_order_relaxed)};
  }
  [[nodiscard]] storage::root_word dirty() const noexcept {
    return {roots().dirty.load(std::memory_order_relaxed)};
  }

 private:
  using scoped_lock = boost::interprocess::scoped_lock<platform::robust_mutex>;
  void note_taken() noexcept;
  void settle_take_over();
  platform::robust_mutex mutex_;
  scoped_lock lock_;

  locked_section(writer& who, boost::interprocess::try_to_lock_type);

 public:
  /// One attempt, no system call, and none on release: for lookups that reached the threshold (P1).
  static bool try_promote(writer& by) noexcept;
  /// Runs `f` under the mutex if that can be had without waiting, be it from a dead holder. False
  /// if not.
  static bool try_run(writer& by, const std::function<void(locked_section&)>& f);
};

/// A robust mutex of this map for this writer.
platform::robust_mutex mutex_of(writer& by) noexcept;

// tables.cpp
/// Sees to it that dirty exists, that read is amended if so, and that there is room for one more
/// word. False if there is no memory for that.
bool prepare_dirty_locked(locked_section& at);
/// Puts the word of a slot into dirty, or into read where there is no dirty. False if there is no
/// place left.
bool index_locked(locked_section& at, std::uint64_t slot, std::uint64_t hash);
/// Turns the words of `slot` in a table into tombstones; how many there were.
std::uint32_t unindex_locked(locked_section& at, storage::root_word table, std::uint64_t slot);
/// The chunks of a table that is no root become free.
void release_table_locked(locked_section& at, std::uint32_t chunk) noexcept;
/// dirty becomes read, and a standby that is ready the next dirty; one that has more marks than
/// `most_marks` is dropped instead.
void promote_locked(locked_section& at, std::uint64_t most_marks = ~0ull) noexcept;
/// Promotes, and rebuilds read without the keys that are absent. False if there are none, or no
/// memory.
bool compact_locked(locked_section& at);
/// Whether a new table needs wide groups.
bool wide_needed(const segment_view& view) noexcept;
/// The part of a promotion after the read root was stored; also done by a fix-up.
void finish_promotion_locked(locked_section& at) noexcept;
/// Whether the misses have reached the size of dirty.
bool promotion_due(const segment_view& view) noexcept;

// slots.cpp
/// A free slot, popped or new, named as the intent; 0 and an error code if there is none, even
/// after a purge.
std::uint64_t take_slot_locked(locked_section& at, errc& why);
/// Pushes a slot whose state is free on the free list and clears the intent.
void give_slot_locked(locked_section& at, std::uint64_t slot) noexcept;
/// nil or expunged → free, out of both tables, into the free list. False if the word changed.
bool free_slot_locked(locked_section& at, std::uint64_t slot, platform::pair_value seen);
/// Frees a few of the slots that were expunged in earlier cycles.
void reap_some_locked(locked_section& at, std::uint32_t steps);
/// In-place purge: frees nil and expunged slots where they are, without memory. How many.
std::uint32_t purge_locked(locked_section& at, std::uint32_t enough);

// fix_up.cpp
void fix_up_locked(locked_section& at);

/// The raw words of an entry, read until they belong together.
platform::pair_value load_pair(const storage::entry& slot) noexcept;

}  // namespace twinmap::protocol
