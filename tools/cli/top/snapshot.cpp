#include <cli/top/snapshot.hpp>

#include <cli/fields.hpp>
#include <cli/output.hpp>
#include <cli/top/numbers.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

namespace twinmap::top {
namespace {

using cli::json;

const std::vector<cli::column>& columns() {
  static const std::vector<cli::column> shown{{"name", "NAME"},
                                              {"reads_per_second", "READS/s", true},
                                              {"writes_per_second", "WRITES/s", true},
                                              {"misses_per_second", "MISSES/s", true},
                                              {"promotions_per_second", "PROMOTIONS/s", true},
                                              {"amended", "AMENDED"},
                                              {"entries", "LIVE", true},
                                              {"entries_nil", "NIL", true},
                                              {"entries_expunged", "EXPUNGED", true},
                                              {"entries_free", "FREE", true},
                                              {"bytes_used", "USED", true},
                                              {"bytes_committed", "COMMITTED", true},
                                              {"bytes_max", "MAX", true},
                                              {"writers", "WRITERS", true},
                                              {"error", ""}};
  return shown;
}

/// A hundredth is enough of a rate, and keeps JSON readable.
json rounded(double rate) {
  return std::round(rate * 100) / 100;
}

json to_json(const map_row& row, std::int64_t taken_at) {
  json object{{"name", row.name}, {"at", taken_at}};
  const char* const names[] = {"reads_per_second", "writes_per_second", "misses_per_second",
                               "promotions_per_second"};
  const double rates::*const values[] = {&rates::reads, &rates::writes, &rates::misses,
                                         &rates::promotions};
  for (std::size_t i = 0; i < std::size(names); ++i)
    object[names[i]] = row.now ? rounded(*row.now.*values[i]) : json();
  if (row.state != condition::unreadable) {
    map_stats stats = row.stats;
    const absent_entries absent = row.absent.value_or(absent_entries{});
    stats.entries_live = stats.entries;
    stats.entries_nil = absent.nil;
    stats.entries_expunged = absent.expunged;
    stats.entries_free = absent.free;
    object.update(cli::to_json(stats));
  }
  object["retired"] = row.state == condition::removed;
  object["error"] = row.error;
  return object;
}

/// Rates as people read them; the JSON keeps its numbers.
json for_table(json object) {
  for (auto& [name, value] : object.items()) {
    if (name.ends_with("_per_second") && value.is_number()) value = long_rate(value.get<double>());
    if (name == "retired" && value.get<bool>()) object["error"] = "removed";
  }
  return object;
}

}  // namespace

void write_snapshots(const cli::settings& common, sampler& from, double interval,
                     std::uint64_t count) {
  const bool table = common.output == cli::output_format::table;
  cli::row_writer rows(common, columns());
  from.look(walks::rarely);
  for (std::uint64_t i = 0; i < count; ++i) {
    std::this_thread::sleep_for(std::chrono::duration<double>(interval));
    from.look(walks::now);
    const auto taken_at = std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    cli::row_writer own(common, columns());
    cli::row_writer& into = table ? own : rows;
    for (const map_row& each : from.seen().maps) {
      const json row = to_json(each, taken_at.count());
      into.row(table ? for_table(row) : row);
    }
    if (table) own.finish();
    if (table && i + 1 < count) cli::write_bytes("\n");
    cli::finish_output();
  }
  if (!table) rows.finish();
}

}  // namespace twinmap::top
