// What top knows of the maps: plain values, taken by the sampler and drawn by the layout.
#pragma once

#include <twinmap/admin.hpp>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace twinmap::top {

using steady_time = std::chrono::steady_clock::time_point;

/// Steps of the counters, per second.
struct rates {
  double reads = 0;   ///< lookups that found their key; those of read-only handles are not counted
  double writes = 0;  ///< values written and keys erased
  double misses = 0;  ///< lookups that read could not answer while it was amended
  double promotions = 0;
};

/// What happened from one look to the next. Counters that went back count as nothing.
rates rates_between(const map_stats& before, const map_stats& now, double seconds);

/// How many entries are in the states that only a walk over all of them tells apart.
struct absent_entries {
  std::uint64_t nil = 0;
  std::uint64_t expunged = 0;
  std::uint64_t free = 0;
  bool current = true;  ///< false: the map has changed since
};

/// A point of the sparklines.
struct moment {
  rates per_second;
  std::uint64_t bytes_used = 0;
};
inline constexpr std::size_t moments_kept = 400;

enum class condition : std::uint8_t {
  present,
  removed,     ///< its name is gone
  unreadable,  ///< `error` says why
};

struct map_row {
  std::string name;
  condition state = condition::present;
  std::string error;
  map_stats stats;                       ///< of the last look; entries_<state> are not filled in
  std::optional<rates> now;              ///< empty until the second look
  std::optional<absent_entries> absent;  ///< empty until the first walk
  std::deque<moment> history;            ///< oldest first
  std::optional<map_info> info;          ///< of the map whose page is open
  std::optional<std::vector<writer_info>> writers;  ///< likewise
};

struct model {
  std::string directory;
  std::string complaint;  ///< why the directory cannot be listed; empty if it can
  double interval = 1;    ///< seconds, as asked for
  std::time_t taken_at = 0;
  std::vector<map_row> maps;  ///< by name
};

}  // namespace twinmap::top
