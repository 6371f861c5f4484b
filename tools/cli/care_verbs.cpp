// Verbs of the caretaker: check, promote, sweep, writers.
#include <fmt/format.h>
#include <cli/exit_code.hpp>
#include <cli/fields.hpp>
#include <cli/output.hpp>
#include <cli/progress_bar.hpp>
#include <cli/verbs.hpp>

#include <memory>

namespace twinmap::cli {
namespace {

/// Runs a walk over the map with a bar for whoever waits for it.
template <class Walk>
auto with_bar(const settings& common, const std::string& title, Walk walk) {
  progress_bar bar(common, title, 1, "steps");
  auto report = walk([&bar](std::uint64_t done, std::uint64_t total) {
    bar.total(total);
    bar.at(done, 0);
  });
  bar.finish();
  return report;
}

void check_map(const settings& common, const std::string& name) {
  const bytes_map map = attach_to_read(common, name);
  const check_report report = with_bar(
      common, "check " + name, [&map](const walk_progress& told) { return check(map, told); });
  write_object(common, to_json(report));
  if (report.findings.empty()) return;
  throw verb_failure(exit_code::corrupt,
                     fmt::format("map '{}': {} finding(s)", name, report.findings.size()));
}

void sweep_map(const settings& common, const std::string& name) {
  bytes_map map = attach_to_write(common, name);
  const sweep_report report = with_bar(
      common, "sweep " + name, [&map](const walk_progress& told) { return sweep(map, told); });
  write_object(common, to_json(report));
}

void promote_map(const settings& common, const std::string& name) {
  bytes_map map = attach_to_write(common, name);
  write_object(common, {{"promoted", promote(map)}});
}

void show_writers(const settings& common, const std::string& name) {
  row_writer rows(common, {{"lease", "LEASE", true},
                           {"process", "PID", true},
                           {"thread", "TID", true},
                           {"pid_namespace", "PID_NAMESPACE", true},
                           {"user", "USER"},
                           {"command", "COMMAND"},
                           {"since", "SINCE"},
                           {"state", "STATE"},
                           {"holds_mutex", "MUTEX"},
                           {"holds_mutex_ns", "HELD", true},
                           {"caretaker", "CARETAKER"}});
  for (const writer_info& each : writers(attach_to_read(common, name))) {
    json row = to_json(each);
    if (common.output == output_format::table) {
      row["user"] = user_name(each.user);
      if (each.pid_namespace == 0) row["pid_namespace"] = nullptr;
      if (!each.holds_mutex) row["holds_mutex_ns"] = nullptr;
    }
    rows.row(row);
  }
  rows.finish();
}

using map_action = void (*)(const settings&, const std::string& map);

void add_verb(const verb_table& verbs, const std::string& name, const std::string& help,
              map_action run) {
  const auto map = std::make_shared<std::string>();
  verbs.add(name, help, [&common = verbs.common, run, map] { run(common, *map); })
      ->add_option("MAP", *map)
      ->required();
}

}  // namespace

void add_care_verbs(const verb_table& verbs) {
  add_verb(verbs, "check",
           "Follow everything from the roots and report what contradicts itself (then 6)",
           check_map);
  add_verb(verbs, "promote", "Make dirty read now, however few the misses are", promote_map);
  add_verb(verbs, "sweep", "Take back what killed processes left behind, while everyone works",
           sweep_map);
  add_verb(verbs, "writers", "Show who may write, who of them lives, and who holds the mutex",
           show_writers);
}

}  // namespace twinmap::cli
