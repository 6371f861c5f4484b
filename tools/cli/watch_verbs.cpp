// Verbs that look inside without touching: stat, slots.
#include <fmt/format.h>
#include <cli/exit_code.hpp>
#include <cli/fields.hpp>
#include <cli/output.hpp>
#include <cli/verbs.hpp>

#include <chrono>
#include <cmath>
#include <memory>
#include <optional>
#include <thread>

namespace twinmap::cli {
namespace {

struct stat_arguments {
  std::string map;
  std::optional<double> interval;
  std::optional<std::uint64_t> count;
};

/// What a table of intervals shows: counters as steps per second, the rest as it stands.
const std::vector<column>& interval_columns() {
  static const std::vector<column> columns{
      {"hits_read", "HITS_READ/s", true}, {"hits_dirty", "HITS_DIRTY/s", true},
      {"misses", "MISSES/s", true},       {"retries", "RETRIES/s", true},
      {"stores", "STORES/s", true},       {"inserts", "INSERTS/s", true},
      {"erases", "ERASES/s", true},       {"promotions", "PROMOTIONS/s", true},
      {"entries", "ENTRIES", true},       {"bytes_used", "USED", true},
      {"writers", "WRITERS", true}};
  return columns;
}

json rates(const map_stats& now, const map_stats& before, double seconds) {
  json row = to_json(now);
  const json earlier = to_json(before);
  for_each_counter(now, [&](const char* name, std::uint64_t value) {
    const auto since = static_cast<double>(value - earlier[name].get<std::uint64_t>());
    row[name] = static_cast<std::uint64_t>(std::round(since / seconds));
  });
  return row;
}

void watch(const settings& common, const stat_arguments& arguments) {
  const bytes_map map = attach_to_read(common, arguments.map);
  const bool table = common.output == output_format::table;
  const auto interval = std::chrono::duration<double>(arguments.interval.value_or(1));
  row_writer rows(common, interval_columns());
  rows.stream();
  map_stats before = map.stats(!table);
  if (!table) rows.row(to_json(before));
  for (std::uint64_t i = table ? 0 : 1; !arguments.count || i < *arguments.count; ++i) {
    std::this_thread::sleep_for(interval);
    const map_stats now = map.stats(!table);
    rows.row(table ? rates(now, before, interval.count()) : to_json(now));
    before = now;
  }
  rows.finish();
}

void stat(const settings& common, const stat_arguments& arguments) {
  if (arguments.interval || arguments.count) return watch(common, arguments);
  write_object(common, to_json(attach_to_read(common, arguments.map).stats()));
}

void show_slots(const settings& common, const std::string& name) {
  const bytes_map map = attach_to_read(common, name);
  const map_info info = map.info();
  const named_type key(info.key_type);
  const named_type value(info.value_type);
  row_writer rows(common, {{"number", "SLOT", true},
                           {"state", "STATE"},
                           {"place", "IN"},
                           {"birth", "BIRTH", true},
                           {"version", "VERSION", true},
                           {"key", "KEY"},
                           {"value", "VALUE"}});
  slots(map, [&](const slot_info& slot) {
    rows.row(to_json(slot, key, value, common));
    return true;
  });
  rows.finish();
}

}  // namespace

void add_watch_verbs(const verb_table& verbs) {
  const auto arguments = std::make_shared<stat_arguments>();
  CLI::App* verb = verbs.add("stat", "Show a map's counters, once or at intervals",
                             [&common = verbs.common, arguments] { stat(common, *arguments); });
  verb->add_option("MAP", arguments->map)->required();
  verb->add_option("-i", arguments->interval, "seconds between two lines (1 if only -n is given)")
      ->check(CLI::Range(0.001, 86400.0));
  verb->add_option("-n", arguments->count, "how many lines; for ever if only -i is given")
      ->check(CLI::PositiveNumber);

  const auto map = std::make_shared<std::string>();
  verbs
      .add("slots", "Show every entry: its state, and which of the two maps name it",
           [&common = verbs.common, map] { show_slots(common, *map); })
      ->add_option("MAP", *map)
      ->required();
}

}  // namespace twinmap::cli
