#pragma once

// Caretaking and inspection. A map needs none of it to be correct (P9); tools and a caretaker make
// it tidier.

#include <twinmap/any_map.hpp>
#include <twinmap/caretaker.hpp>
#include <twinmap/heap_care.hpp>
#include <twinmap/protocol/admin.hpp>

#include <functional>
#include <vector>

namespace twinmap {

using protocol::care_state;
using protocol::check_report;
using protocol::slot_info;
using protocol::slot_place;
using protocol::sweep_report;
using protocol::walk_progress;
using protocol::writer_info;
using protocol::writer_state;
using storage::entry_state;

/// Makes dirty read, whatever the number of misses. False if there was nothing to promote.
/// Failure: `read_only`, `retired`, `lock_timeout`.
/// Progress: may wait for the mutex.
TWINMAP_EXPORT bool promote(any_map& map);
TWINMAP_EXPORT bool promote(any_map& map, std::error_code& code);

/// Promotes, and rebuilds read without the keys that are absent, whose slots become free. False if
/// there was none, or no memory for it.
/// Failure: `read_only`, `lock_timeout`.
/// Progress: holds the mutex for O(read): new keys wait that long, lookups do not.
TWINMAP_EXPORT bool compact(any_map& map);
TWINMAP_EXPORT bool compact(any_map& map, std::error_code& code);

/// Copies dirty while others go on; the next promotion makes the copy the next dirty, so that no
/// insert has to. False if there is nothing to copy (read is not amended), no memory for it, or
/// somebody else is at it.
/// Failure: `read_only`, `lock_timeout`.
/// Progress: O(dirty), without the mutex but for its beginning.
TWINMAP_EXPORT bool prepare_standby(any_map& map);
TWINMAP_EXPORT bool prepare_standby(any_map& map, std::error_code& code);

/// Who may write: every lease that is held, also by the dead. Works read-only; what cannot be seen
/// from here is `unknown`.
/// Progress: lock-free; some system calls a writer.
TWINMAP_EXPORT std::vector<writer_info> writers(const any_map& map);

/// "running", "stopped", "dead" or "unknown".
TWINMAP_EXPORT const char* to_string(writer_state state) noexcept;

/// Takes back what processes left behind when they were killed: blocks, entry slots, tables, leases
/// (P5). Others work on meanwhile.
/// Failure: `read_only`, `retired`, `lock_timeout`.
/// Progress: waits for the mutex, in small steps.
TWINMAP_EXPORT sweep_report sweep(any_map& map);
TWINMAP_EXPORT sweep_report sweep(any_map& map, std::error_code& code);
/// The same; `told` is called now and then with how far it is. What it throws ends the sweep.
TWINMAP_EXPORT sweep_report sweep(any_map& map, const walk_progress& told);

/// Follows everything from the roots and reports what contradicts itself; `findings` is empty for a
/// sound map. While others write, only what no writer can explain is reported. Works read-only.
/// Progress: lock-free, O(map).
TWINMAP_EXPORT check_report check(const any_map& map);
/// The same; `told` is called now and then with how far it is. What it throws ends the check.
TWINMAP_EXPORT check_report check(const any_map& map, const walk_progress& told);

/// Shows every entry slot that was ever used to `visitor`, which returns false to stop: its state,
/// its version, and which of the two tables name it. What is shown are copies. Works read-only.
/// Progress: lock-free, O(slots).
TWINMAP_EXPORT void slots(const any_map& map, const std::function<bool(const slot_info&)>& visitor);

}  // namespace twinmap
