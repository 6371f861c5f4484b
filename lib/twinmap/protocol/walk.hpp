#pragma once

// Ordered accesses of those who walk over a map, or look at it, and prove nothing by it:
//   (W1) acquire load of a root: with (T1) of tables.cpp
//   (W2) acquire load of slots_used: with (S3) of slots.cpp
//   (W3) load of births: with (E2) of insert.cpp; seq_cst where it is the limit of a walk, and so
//        above the birth of each key that the walk has to meet
//   (W4) acquire load of an entry word for its state alone: with (A1) of platform/atomic.hpp
//   (W5) acquire load of the free list's head: with (S5) of slots.cpp
//   (W6) acquire fence, then the second load of a root: with (T3) of tables.cpp: if it is the same,
//   what
//        was walked over was that table

#include <twinmap/protocol/slot_copy.hpp>

namespace twinmap::protocol {

/// A walk over the keys that are present when it is made, one at a time and for as long as it
/// takes: Go's Range promise (P8), in constant memory. Per caller; the handle must outlive it.
class key_walk {
 public:
  explicit key_walk(const handle& map) noexcept;

  /// Copies the next key and its value. False at the end. Progress: lock-free.
  bool next(slot_copy& copy);

 private:
  const handle& map_;
  handle::range_of_walk range_;
  std::uint64_t number_ = 1;
};

}  // namespace twinmap::protocol
