#pragma once

// What a map tells about itself: `map::stats()` and `map::info()`. Field names are those of the
// tools' JSON.

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace twinmap {

/// Counters since the map was made, all processes together, and its present state. A lookup's
/// counters reach the segment with the thread's next batch of misses or its next write; those of
/// the handle that was asked are always included.
struct map_stats {
  std::uint64_t hits_read = 0;      ///< lookups answered by read
  std::uint64_t hits_dirty = 0;     ///< lookups answered by dirty; misses too
  std::uint64_t misses = 0;         ///< lookups that read could not answer while it was amended
  std::uint64_t retries = 0;        ///< lookups started again because what they read had changed
  std::uint64_t stores = 0;         ///< values written, those of inserts included
  std::uint64_t inserts = 0;        ///< keys that got a new entry
  std::uint64_t erases = 0;         ///< keys made absent
  std::uint64_t promotions = 0;     ///< dirty became read
  std::uint64_t dirty_builds = 0;   ///< dirty built from read
  std::uint64_t dirty_growths = 0;  ///< dirty moved to a larger table
  std::uint64_t compactions = 0;    ///< builds of dirty that left absent keys out
  std::uint64_t expunged = 0;       ///< entries that such a build left out
  std::uint64_t unexpunged = 0;     ///< of those, entries that came back
  std::uint64_t revived = 0;        ///< absent keys made present in the entry they had
  std::uint64_t purged = 0;         ///< entries freed for other keys
  std::uint64_t take_overs = 0;     ///< times the mutex was taken from the dead
  std::uint64_t fix_ups = 0;        ///< half-made changes of the dead that were settled
  std::uint64_t sweeps = 0;         ///< sweeps completed
  std::uint64_t swept_blocks = 0;   ///< blocks taken back from the dead
  std::uint64_t swept_slots = 0;    ///< entry slots taken back from the dead
  std::uint64_t lock_waits = 0;     ///< times an operation had to wait for the mutex
  std::uint64_t promotions_by_caretaker = 0;  ///< of the promotions, those of a caretaker
  std::uint64_t entries = 0;                  ///< what size() says
  std::uint64_t entries_live = 0;             ///< entries with a value
  std::uint64_t entries_nil = 0;              ///< absent, any writer may revive them
  std::uint64_t entries_expunged = 0;         ///< absent and left out of dirty
  std::uint64_t entries_free = 0;             ///< slots that name no key
  std::uint64_t read_words = 0;               ///< entries that read names
  std::uint64_t dirty_words = 0;              ///< entries that dirty names; 0: there is none
  std::uint64_t dirty_only = 0;    ///< of those, entries that read does not name (at most)
  std::uint64_t read_places = 0;   ///< entries that read's table could name, were it full
  std::uint64_t dirty_places = 0;  ///< likewise of dirty
  std::uint64_t generation = 0;    ///< of read, modulo 4096: each promotion gives it a new one
  bool amended = false;            ///< dirty has keys that read lacks
  bool cared_for = false;          ///< a caretaker has the hold; it lives, if this handle can ask
  std::uint64_t epoch = 0;         ///< grows with every change of the tables' structure
  std::uint64_t bytes_used = 0;    ///< of slots, tables, long keys and values
  std::uint64_t bytes_committed = 0;  ///< memory taken from the system
  std::uint64_t bytes_max = 0;        ///< the bound of the options
  std::uint64_t writers = 0;          ///< threads that hold a writer's lease
  std::uint64_t slots_used = 0;       ///< slots ever handed out
  std::uint64_t max_entries = 0;      ///< the bound of slots_used
};

/// What a map is. In `list` an entry whose map could not be read has its reason in `error` and only
/// a name.
struct map_info {
  std::string name;
  std::string directory;
  std::string key_type;    ///< as written, see codec.hpp
  std::string value_type;  ///< likewise
  std::uint64_t entries = 0;
  std::uint64_t bytes_used = 0;
  std::uint64_t bytes_committed = 0;
  std::uint64_t bytes_max = 0;
  std::uint64_t bytes_huge = 0;  ///< of this process's mapping, what lies on huge pages
  std::uint64_t max_entries = 0;
  std::uint32_t slot_bytes = 0;
  std::uint32_t max_writers = 0;
  std::uint64_t writers = 0;
  mode_t mode = 0;
  uid_t owner = 0;
  gid_t group = 0;
  bool huge_pages = false;       ///< asked for at creation
  bool retired = false;          ///< the name was removed
  std::uint32_t format = 0;      ///< version of the segment's format
  std::uint64_t created_at = 0;  ///< nanoseconds since 1970, UTC
  std::string uuid;              ///< 32 hexadecimal digits, never the same for two maps
  std::string error;             ///< empty if all is well
};

/// Calls f("name", field) for every counter of a map_stats, const or not: what only grows, in the
/// order of the segment.
template <class Stats, class F>
void for_each_counter(Stats& s, F&& f) {
  f("hits_read", s.hits_read);
  f("hits_dirty", s.hits_dirty);
  f("misses", s.misses);
  f("retries", s.retries);
  f("stores", s.stores);
  f("inserts", s.inserts);
  f("erases", s.erases);
  f("promotions", s.promotions);
  f("dirty_builds", s.dirty_builds);
  f("dirty_growths", s.dirty_growths);
  f("compactions", s.compactions);
  f("expunged", s.expunged);
  f("unexpunged", s.unexpunged);
  f("revived", s.revived);
  f("purged", s.purged);
  f("take_overs", s.take_overs);
  f("fix_ups", s.fix_ups);
  f("sweeps", s.sweeps);
  f("swept_blocks", s.swept_blocks);
  f("swept_slots", s.swept_slots);
  f("lock_waits", s.lock_waits);
  f("promotions_by_caretaker", s.promotions_by_caretaker);
}

/// Calls f("name", field) for every field of a map_stats, in the order above.
template <class Stats, class F>
void for_each_field(Stats& s, F&& f) {
  for_each_counter(s, f);
  f("entries", s.entries);
  f("entries_live", s.entries_live);
  f("entries_nil", s.entries_nil);
  f("entries_expunged", s.entries_expunged);
  f("entries_free", s.entries_free);
  f("read_words", s.read_words);
  f("dirty_words", s.dirty_words);
  f("dirty_only", s.dirty_only);
  f("read_places", s.read_places);
  f("dirty_places", s.dirty_places);
  f("generation", s.generation);
  f("amended", s.amended);
  f("cared_for", s.cared_for);
  f("epoch", s.epoch);
  f("bytes_used", s.bytes_used);
  f("bytes_committed", s.bytes_committed);
  f("bytes_max", s.bytes_max);
  f("writers", s.writers);
  f("slots_used", s.slots_used);
  f("max_entries", s.max_entries);
}

}  // namespace twinmap
