#pragma once

// Caretaking and inspection. A map needs none of it to be correct (P9); tools and a caretaker make
// it tidier.

#include <twinmap/any_map.hpp>
#include <twinmap/protocol/admin.hpp>

#include <functional>

namespace twinmap {

using protocol::check_report;
using protocol::slot_info;
using protocol::slot_place;
using protocol::sweep_report;
using storage::entry_state;

/// Makes dirty read, whatever the number of misses. False if there was nothing to promote.
/// Failure: `read_only`, `retired`, `lock_timeout`.
/// Progress: may wait for the mutex.
TWINMAP_EXPORT bool promote(any_map& map);
TWINMAP_EXPORT bool promote(any_map& map, std::error_code& code);

/// Takes back what processes left behind when they were killed: blocks, entry slots, tables, leases
/// (P5). Others work on meanwhile.
/// Failure: `read_only`, `retired`, `lock_timeout`.
/// Progress: waits for the mutex, in small steps.
TWINMAP_EXPORT sweep_report sweep(any_map& map);
TWINMAP_EXPORT sweep_report sweep(any_map& map, std::error_code& code);

/// Follows everything from the roots and reports what contradicts itself; `findings` is empty for a
/// sound map. While others write, only what no writer can explain is reported. Works read-only.
/// Progress: lock-free, O(map).
TWINMAP_EXPORT check_report check(const any_map& map);

/// Shows every entry slot that was ever used to `visitor`, which returns false to stop: its state,
/// its version, and which of the two tables name it. What is shown are copies. Works read-only.
/// Progress: lock-free, O(slots).
TWINMAP_EXPORT void slots(const any_map& map, const std::function<bool(const slot_info&)>& visitor);

}  // namespace twinmap
