#pragma once

// The caretaker's hold on a map, and what the map's users and the caretaker know of each other.
// Correctness does not depend on any of it (P9).
//
// The hold is the caretaker's lease, named in the header; whether it lives is asked of the kernel,
// as for every lease. Lookups must not ask, which would be a system call (P1): they go by the
// clock. A promotion that is due is left to the caretaker for a while (caretaker_patience); if it
// has not happened by then, whoever comes next does it, and marks the caretaker as late, so that
// nobody waits again until it has shown itself.

#include <twinmap/protocol/admin.hpp>
#include <twinmap/protocol/process_state.hpp>

#include <chrono>

namespace twinmap::protocol {

/// How long a promotion that is due is left to the caretaker. With a batch of misses and the
/// promotion itself it has to happen within 200 ms.
inline constexpr std::chrono::milliseconds caretaker_patience{150};

/// A lease as the header names it; 0: none.
constexpr std::uint64_t lease_word(platform::lease_id id) noexcept {
  return id.incarnation == 0 ? 0 : (id.incarnation << 12) | id.slot;
}
constexpr platform::lease_id lease_of_word(std::uint64_t word) noexcept {
  return {static_cast<std::uint32_t>(word & 0xFFF), word >> 12};
}

/// Whether the lease that a word of the header names is alive; garbage is not. One system call. On
/// doubt, and on a read-only handle, which cannot ask: true.
bool lives(const handle& map, std::uint64_t word) noexcept;

/// Wakes the caretaker, if there is one. A system call then: never for lookups.
void ring(const segment_view& view) noexcept;

/// Says that a writer was found dead: somebody is to sweep.
void note_death(const segment_view& view) noexcept;

/// Whether a promotion that is due is the caretaker's to do. Notes since when it is due. No system
/// call.
bool left_to_caretaker(const handle& map) noexcept;

/// After a change that the caretaker is to see: rings, or finds that it is dead and lets go of it.
void call_caretaker(writer& by) noexcept;

/// Takes the hold for the calling thread. Raises already_exists if a living one has it.
void take_care(writer& by);
/// Gives it up, if this lease has it.
void leave_care(writer& by) noexcept;
/// The caretaker lives and works.
void answer(const segment_view& view) noexcept;

}  // namespace twinmap::protocol
