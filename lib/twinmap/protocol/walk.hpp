#pragma once

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
