#include <twinmapd/describe.hpp>

namespace twinmapd {

json to_json(const reload_report& report) {
  return {{"added", report.added},
          {"adjusted", report.adjusted},
          {"not_changed", report.not_changed},
          {"no_longer_configured", report.no_longer_configured},
          {"failed", report.failed}};
}

std::string name_of(const std::error_code& code) {
  if (!code) return {};
  if (code.category() != twinmap::error_category()) return "system";
  return std::string(twinmap::name_of(static_cast<twinmap::errc>(code.value())));
}

json describe(const map_entry& entry, const std::string& directory, bool in_full) {
  twinmap::map_info info;
  if (entry.cared) info = entry.cared->map().info();
  info.name = entry.name;
  info.directory = directory;
  info.error = entry.dropped ? "removed; a reload makes it again" : entry.failure;
  json object = to_json(info);
  object["errc"] = name_of(entry.code);
  object["configured"] = entry.configured.has_value();
  object["cared_for"] = entry.cared != nullptr;
  if (in_full && entry.cared) {
    object["stats"] = to_json(entry.cared->map().stats(false));
    const promoter& promotions = entry.cared->promotions();
    object["care"] = {{"promotions", promotions.promotions()},
                      {"last_cost_ns", promotions.last_cost().count()},
                      {"bytes_given_back", entry.cared->memory().bytes_given_back()}};
  }
  return object;
}

}  // namespace twinmapd
