// The C interface: counters.

#include <twinmap/c_support.hpp>

namespace twinmap::c {
namespace {

void take_counters(const map_stats& from, twinmap_map_stats& to) noexcept {
  to.hits_read = from.hits_read;
  to.hits_dirty = from.hits_dirty;
  to.misses = from.misses;
  to.retries = from.retries;
  to.stores = from.stores;
  to.inserts = from.inserts;
  to.erases = from.erases;
  to.promotions = from.promotions;
  to.dirty_builds = from.dirty_builds;
  to.dirty_growths = from.dirty_growths;
  to.compactions = from.compactions;
  to.expunged = from.expunged;
  to.unexpunged = from.unexpunged;
  to.revived = from.revived;
  to.purged = from.purged;
  to.take_overs = from.take_overs;
  to.fix_ups = from.fix_ups;
  to.sweeps = from.sweeps;
  to.swept_blocks = from.swept_blocks;
  to.swept_slots = from.swept_slots;
  to.lock_waits = from.lock_waits;
  to.promotions_by_caretaker = from.promotions_by_caretaker;
}

void take_state(const map_stats& from, twinmap_map_stats& to) noexcept {
  to.entries = from.entries;
  to.entries_live = from.entries_live;
  to.entries_nil = from.entries_nil;
  to.entries_expunged = from.entries_expunged;
  to.entries_free = from.entries_free;
  to.read_words = from.read_words;
  to.dirty_words = from.dirty_words;
  to.dirty_only = from.dirty_only;
  to.read_places = from.read_places;
  to.dirty_places = from.dirty_places;
  to.generation = from.generation;
  to.amended = from.amended ? 1 : 0;
  to.cared_for = from.cared_for ? 1 : 0;
  to.epoch = from.epoch;
  to.bytes_used = from.bytes_used;
  to.bytes_committed = from.bytes_committed;
  to.bytes_max = from.bytes_max;
  to.writers = from.writers;
  to.slots_used = from.slots_used;
  to.max_entries = from.max_entries;
}

}  // namespace
}  // namespace twinmap::c

using namespace twinmap::c;

extern "C" {

twinmap_status twinmap_stats(const twinmap_map* map, int by_state, twinmap_map_stats* out) {
  if (map == nullptr || !has_size(out)) return missing(map, "the stats, or their struct_size,");
  return guarded([&] {
    const twinmap::map_stats now = map->stats(by_state != 0);
    twinmap_map_stats all{};
    take_counters(now, all);
    take_state(now, all);
    copy_out(all, out);
    return TWINMAP_OK;
  });
}

twinmap_status twinmap_size(const twinmap_map* map, uint64_t* size) {
  if (map == nullptr || size == nullptr) return missing(map, "the size's place");
  *size = map->handle().size();
  return TWINMAP_OK;
}
}
