#pragma once

// Caretaking and inspection of a map, behind the public admin.hpp.

#include <twinmap/protocol/handle.hpp>

namespace twinmap::protocol {

/// What a check found. Meaningful while nothing writes; while something does, `findings` holds only
/// what no writer can explain. Offsets and numbers are in the texts.
struct check_report {
  std::uint64_t slots_checked = 0;
  std::uint64_t read_words = 0;
  std::uint64_t dirty_words = 0;
  std::uint64_t live = 0;
  std::uint64_t size =
      0;  ///< what size() says: off by what killed writers did not count, until the next sweep
  std::uint64_t blocks_live = 0;
  std::uint64_t blocks_leased = 0;    ///< held by living writers
  std::uint64_t blocks_orphaned = 0;  ///< leaked by dead writers: a sweep takes them back
  std::uint64_t slots_orphaned = 0;   ///< free slots in no list: likewise
  std::uint64_t used_bytes =
      0;  ///< slots in use, tables, long keys and blocks, by what the allocator thinks
  std::uint64_t reachable_bytes = 0;  ///< the same, by following everything from the roots
  std::vector<std::string> findings;  ///< empty: sound
};

struct sweep_report {
  std::uint64_t blocks_freed = 0;
  std::uint64_t blocks_adopted = 0;  ///< of the dead, but in use: made live
  std::uint64_t chunks_freed = 0;
  std::uint64_t slots_freed = 0;
  std::uint64_t leases_released = 0;
  std::int64_t size_corrected = 0;
};

enum class slot_place : std::uint8_t { none = 0, read = 1, dirty = 2, both = 3 };

/// One entry slot as `slots` shows it. `key` and `value` are copies.
struct slot_info {
  std::uint64_t number = 0;
  storage::entry_state state = storage::entry_state::free;
  std::uint64_t version = 0;
  std::uint64_t birth = 0;
  slot_place place = slot_place::none;
  byte_vector key;
  byte_vector value;
};

enum class writer_state : std::uint8_t {
  running,
  stopped,  ///< by a signal or a debugger
  dead,     ///< killed; a sweep clears the lease
  unknown   ///< held, by somebody whom this process cannot look at
};

/// One held lease: a thread that may write.
struct writer_info {
  std::uint32_t lease = 0;          ///< its number
  std::uint32_t process = 0;        ///< pid in the holder's own PID namespace
  std::uint32_t thread = 0;         ///< tid, likewise
  std::uint64_t pid_namespace = 0;  ///< inode of /proc/PID/ns/pid; 0: unknown
  std::uint32_t user = 0;           ///< effective uid
  std::string command;              ///< empty where it cannot be seen from here
  std::uint64_t since = 0;          ///< nanoseconds since 1970, UTC
  writer_state state = writer_state::unknown;
  bool holds_mutex = false;
  std::uint64_t holds_mutex_ns = 0;  ///< for how long; coarse
  bool caretaker = false;            ///< it has the caretaker's hold
};

/// What a caretaker sees at one look. Nothing in it is exact while others write.
struct care_state {
  bool retired = false;
  bool amended = false;
  std::uint64_t amended_ns = 0;  ///< for how long; 0 if it is not
  bool promotion_due = false;    ///< the misses have reached the entries of dirty
  std::uint64_t words = 0;       ///< entries that the larger map names: what a copy costs
  std::uint64_t room = 0;        ///< new keys that dirty, or read if there is none, has room for
  std::uint64_t live = 0;        ///< keys with a value
  std::uint64_t absent = 0;      ///< keys without one that the maps still name
  std::uint64_t writers = 0;     ///< leases that are held, the caretaker's not counted
  std::uint64_t deaths = 0;      ///< noticed, and no sweep since
  std::uint64_t activity = 0;    ///< changes whenever a key comes or goes
};

/// Totals over all processes, plus what this handle has not published yet. Names as in the public
/// map_stats.
struct stats_snapshot {
  std::array<std::uint64_t, storage::counter_count> counts{};
  std::uint64_t entries_live = 0, entries_nil = 0, entries_expunged = 0, entries_free = 0;
  std::uint64_t read_words = 0, dirty_words = 0;
  std::uint64_t dirty_only = 0, read_places = 0, dirty_places = 0;
  std::uint64_t generation = 0;
  bool amended = false;
  bool cared_for = false;
  std::uint64_t epoch = 0;
  std::uint64_t bytes_used = 0, bytes_committed = 0, bytes_max = 0;
  std::uint64_t writers = 0;
  std::uint64_t slots_used = 0, max_entries = 0;
};

/// Told now and then how many steps of a walk are done, of how many; the number of steps is an
/// estimate. A walk that has to be made again begins again at 0.
using walk_progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

TWINMAP_EXPORT check_report check(const handle& map, const walk_progress& told = {});
/// Waits for the mutex where slots are to be taken back.
TWINMAP_EXPORT sweep_report sweep(handle& map, const walk_progress& told = {});
/// The same by the way: waits for nobody (P3), and leaves the slots alone while the mutex is held.
/// Raises nothing.
sweep_report sweep_in_passing(handle& map) noexcept;
/// True if dirty became read.
TWINMAP_EXPORT bool promote(handle& map);
/// True if keys were left out.
TWINMAP_EXPORT bool compact(handle& map);
/// True if a standby is ready.
TWINMAP_EXPORT bool prepare_standby(handle& map);
TWINMAP_EXPORT std::vector<writer_info> writers(const handle& map);
TWINMAP_EXPORT care_state look(const handle& map);
/// Asks for every writer whether it lives, and takes the mutex from a dead holder. How many are
/// dead.
TWINMAP_EXPORT std::uint64_t tend(handle& map);
TWINMAP_EXPORT void for_each_slot(const handle& map,
                                  const std::function<bool(const slot_info&)>& f);
/// `by_state` walks every slot for the entries' states: O(slots).
TWINMAP_EXPORT stats_snapshot stats(const handle& map, bool by_state);

}  // namespace twinmap::protocol
