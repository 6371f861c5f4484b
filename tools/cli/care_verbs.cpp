// Verbs of the caretaker: check, sweep.
#include <fmt/format.h>
#include <cli/exit_code.hpp>
#include <cli/fields.hpp>
#include <cli/output.hpp>
#include <cli/verbs.hpp>

#include <memory>

namespace twinmap::cli {
namespace {

void check_map(const settings& common, const std::string& name) {
  const check_report report = check(attach_to_read(common, name));
  write_object(common, to_json(report));
  if (report.findings.empty()) return;
  throw verb_failure(exit_code::corrupt,
                     fmt::format("map '{}': {} finding(s)", name, report.findings.size()));
}

void sweep_map(const settings& common, const std::string& name) {
  bytes_map map = attach_to_write(common, name);
  write_object(common, to_json(sweep(map)));
}

}  // namespace

void add_care_verbs(const verb_table& verbs) {
  const auto checked = std::make_shared<std::string>();
  verbs
      .add("check", "Follow everything from the roots and report what contradicts itself (then 6)",
           [&common = verbs.common, checked] { check_map(common, *checked); })
      ->add_option("MAP", *checked)
      ->required();
  const auto swept = std::make_shared<std::string>();
  verbs
      .add("sweep", "Take back what killed processes left behind, while everyone works",
           [&common = verbs.common, swept] { sweep_map(common, *swept); })
      ->add_option("MAP", *swept)
      ->required();
}

}  // namespace twinmap::cli
