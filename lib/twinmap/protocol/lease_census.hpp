#pragma once

// Which leases are dead, asked once for each and remembered: a sweep meets the same few again and
// again.
//
// Ordered accesses:
//   (L3) acquire load of an incarnation, to ask whether it lives: with (L2) of platform/lease.cpp
//   (L4) the CAS that says a lease is held no more: seq_cst by default, with nothing: for people
//   (N3) acquire load of transitions: with (N1) of mutation.hpp

#include <twinmap/protocol/process_state.hpp>

#include <map>
#include <optional>

namespace twinmap::protocol {

class lease_census {
 public:
  explicit lease_census(const handle& map) : map_(map) {}

  /// True only if the kernel says so; on a read-only handle, which cannot ask, never.
  [[nodiscard]] bool dead(platform::lease_id id) const;
  /// For a claimed chunk, which knows the slot and the low bits of the incarnation.
  [[nodiscard]] bool dead(storage::chunk_entry claimed) const;

  /// Marks the records of the dead as released, and ends what they were in the middle of counting.
  /// How many.
  std::uint64_t release_dead();

  /// A number that differs whenever a key came or went in between; empty while one is just doing
  /// so.
  [[nodiscard]] std::optional<std::uint64_t> transitions() const;

 private:
  const handle& map_;
  mutable std::map<std::pair<std::uint32_t, std::uint64_t>, bool> known_;
};

}  // namespace twinmap::protocol
