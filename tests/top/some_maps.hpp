// Maps that never were, with numbers of every size, for drawing.
#pragma once

#include <cli/top/model.hpp>

#include <cstdlib>

namespace top_test {

using namespace twinmap::top;

inline map_row busy_map() {
  map_row row;
  row.name = "sessions";
  row.stats.hits_read = 1'234'567'890;
  row.stats.hits_dirty = 54'321;
  row.stats.stores = 9'876'543;
  row.stats.promotions = 17;
  row.stats.promotions_by_caretaker = 12;
  row.stats.cared_for = true;
  row.stats.lock_waits = 3;
  row.stats.entries = 1'234'000;
  row.stats.read_words = 1'230'000;
  row.stats.read_places = 2'097'152;
  row.stats.dirty_words = 1'250'000;
  row.stats.dirty_only = 20'000;
  row.stats.dirty_places = 2'097'152;
  row.stats.generation = 17;
  row.stats.amended = true;
  row.stats.bytes_used = 123'456'789;
  row.stats.bytes_committed = 140'000'000;
  row.stats.bytes_max = 4ull << 30;
  row.stats.writers = 3;
  row.stats.slots_used = 1'250'101;
  row.stats.max_entries = 8'388'608;
  row.now = rates{1'234'567.0, 45'678.0, 999.6, 0.5};
  row.absent = absent_entries{16'000, 75, 25, true};
  for (int i = 0; i < 50; ++i) {
    const double wave = 1'000'000.0 + 20'000.0 * ((i * 7) % 13);
    row.history.push_back(
        {{wave, 40'000.0 + 100.0 * i, i % 5 == 0 ? 1000.0 : 0.0, i % 10 ? 0 : 1.0},
         100'000'000ull + static_cast<std::uint64_t>(i) * 500'000});
  }
  return row;
}

inline map_row quiet_map(const std::string& name, std::uint64_t entries) {
  map_row row;
  row.name = name;
  row.stats.entries = entries;
  row.stats.read_words = entries;
  row.stats.read_places = 2 * entries + 64;
  row.stats.bytes_used = 200 << 10;
  row.stats.bytes_committed = 216 << 10;
  row.stats.bytes_max = 64 << 20;
  row.stats.max_entries = 100'000;
  row.stats.slots_used = entries + 1;
  row.now = rates{};
  row.absent = absent_entries{};
  return row;
}

/// By name, as the sampler has them.
inline model some_maps() {
  ::setenv("TZ", "UTC", 1);
  model seen;
  seen.directory = "/dev/shm";
  map_row removed = quiet_map("gone", 5);
  removed.state = condition::removed;
  map_row unreadable;
  unreadable.name = "broken";
  unreadable.state = condition::unreadable;
  unreadable.error = "twinmap 'broken': corrupted: /dev/shm/twinmap.broken has 3000 bytes";
  map_row fresh = quiet_map("prices", 12);
  fresh.now.reset();
  fresh.absent.reset();
  seen.maps = {unreadable, quiet_map("feature-flags", 40), removed, fresh, busy_map()};
  return seen;
}

inline model with_details(model seen) {
  map_row& row = seen.maps.back();
  row.info.emplace();
  row.info->key_type = "string";
  row.info->value_type = "struct:session/2:48";
  row.info->mode = 0660;
  row.info->group = 1000;
  row.info->slot_bytes = 64;
  row.info->max_writers = 256;
  row.info->created_at = 1'700'000'000'000'000'000;
  row.writers.emplace();
  twinmap::writer_info writer;
  writer.process = 4711;
  writer.thread = 4712;
  writer.user = 1000;
  writer.command = "web-server";
  writer.state = twinmap::writer_state::running;
  row.writers->push_back(writer);
  writer.process = writer.thread = 815;
  writer.command = "importer";
  writer.state = twinmap::writer_state::stopped;
  writer.holds_mutex = true;
  writer.holds_mutex_ns = 12'300'000'000;
  row.writers->push_back(writer);
  writer = {};
  writer.process = writer.thread = 1;
  writer.state = twinmap::writer_state::unknown;
  writer.caretaker = true;
  row.writers->push_back(writer);
  return seen;
}

}  // namespace top_test
