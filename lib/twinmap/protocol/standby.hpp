#pragma once

// The standby: a copy of dirty that is made while others insert, so that the promotion of dirty has
// the next one at hand and no insert has to copy the whole index.
//
// It is one run of chunks, {table, one mark for each group of dirty}. The copier, who holds no
// lock, is the only one that writes into the table until the standby is ready; whoever inserts into
// dirty meanwhile marks the group that changed. The copier goes through the groups once, then
// through what is marked, again and again until little is. What is marked after that is copied by
// the promotion, under the mutex.
//
//   none      → copying    mutex, the copier
//   copying   → ready      CAS, the copier: from now on it keeps its hands off
//   copying   → abandoned  CAS, mutex: dirty lost a word, or is no longer the table that was copied
//   abandoned → none       mutex, the copier, or anybody once that one is dead
//   ready     → none       mutex: dropped for the same reasons, or installed
//
// Ordered accesses:
//   (Y1) release fetch_or of a mark, after the word it is about was stored: with (Y2) and (Y6)
//   (Y2) acquire exchange that clears it before the group is copied: with (Y1): the copy has that
//        word, or the mark is set again
//   (Y3) release CAS to ready, and to abandoned: with (Y4): whoever sees ready sees the copy
//   (Y4) acquire load of the state: with (Y3) and (Y5)
//   (Y5) release store of the state, under the mutex: with (Y4): whoever sees copying sees of what
//        and by whom; and whoever takes the mutex from a dead holder and sees none finds the counts
//        of the dirty that was installed
//   (Y6) acquire load of marks by the promotion: with (Y1), though the mutex orders the two anyway

#include <twinmap/protocol/locked.hpp>

namespace twinmap::protocol {

enum class standby_state : std::uint32_t { none, copying, ready, abandoned };

/// A root word to what is being copied or is ready, 0 if there is none.
storage::root_word any_standby(const segment_view& view) noexcept;
/// Whether a standby's chunks begin there.
bool is_standby(const segment_view& view, std::uint32_t chunk) noexcept;
/// The standby, if it is ready and a copy of `source`; else 0.
storage::root_word ready_standby(const segment_view& view, storage::root_word source) noexcept;

/// A group of dirty got a word.
void mark_standby_locked(locked_section& at, std::uint64_t group) noexcept;
/// The copy can no longer become the next dirty.
void drop_standby_locked(locked_section& at) noexcept;
/// Copies what is marked. False if there is no standby that could be installed, or more of it is
/// marked than `most`. Idempotent.
bool complete_standby_locked(locked_section& at, std::uint64_t most) noexcept;
/// It has become the dirty root.
void install_standby_locked(locked_section& at, storage::root_word standby) noexcept;
/// Gives back what a copier left that is dead, or that this very thread forgot.
void release_dead_standby_locked(locked_section& at);

/// Makes a standby, in steps. Used by one thread, the one that made it.
class standby_copier {
 public:
  explicit standby_copier(handle& map) : map_(map) {}
  standby_copier(const standby_copier&) = delete;
  standby_copier& operator=(const standby_copier&) = delete;
  ~standby_copier();

  enum class progress : std::uint8_t {
    nothing,  ///< no dirty to be copied, no memory, or somebody else is at it
    copying,  ///< to be called again
    ready
  };
  /// Copies about that many groups. Progress: waits for the mutex when it begins, and when it has
  /// to give up.
  progress step(std::size_t groups);

 private:
  enum class phase : std::uint8_t {
    idle,
    clearing,  ///< the run is claimed, and nobody else knows of it
    copying    ///< it is the map's standby
  };
  [[nodiscard]] bool room_for(writer& by, std::uint32_t chunks) const;
  progress begin(writer& by);
  progress clear(writer& by, std::size_t groups);
  progress copy(writer& by, std::size_t groups);
  progress copy_marks(writer& by);
  void register_locked(locked_section& at);
  [[nodiscard]] bool still_ours() const noexcept;
  progress give_up(writer& by);

  handle& map_;
  phase phase_ = phase::idle;
  std::uint64_t me_ = 0;  ///< the lease that claimed the run: only its thread writes there
  storage::root_word source_{0};
  storage::root_word table_{0};
  std::uint32_t first_ = 0;  ///< of the run's chunks
  std::uint32_t count_ = 0;
  std::uint64_t next_ = 0;  ///< group that is cleared, or copied, next
  unsigned passes_ = 0;     ///< through the marks
};

}  // namespace twinmap::protocol
