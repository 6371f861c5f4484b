#include <twinmapd/describe.hpp>

#include <fmt/format.h>

namespace twinmapd {

json to_json(const twinmap::map_info& info) {
  return {{"name", info.name},
          {"directory", info.directory},
          {"key_type", info.key_type},
          {"value_type", info.value_type},
          {"entries", info.entries},
          {"bytes_used", info.bytes_used},
          {"bytes_committed", info.bytes_committed},
          {"bytes_max", info.bytes_max},
          {"bytes_huge", info.bytes_huge},
          {"max_entries", info.max_entries},
          {"slot_bytes", info.slot_bytes},
          {"max_writers", info.max_writers},
          {"writers", info.writers},
          {"mode", fmt::format("{:04o}", info.mode)},  // as people write it, in JSON too
          {"owner", info.owner},
          {"group", info.group},
          {"huge_pages", info.huge_pages},
          {"retired", info.retired},
          {"format", info.format},
          {"created_at", info.created_at},
          {"uuid", info.uuid},
          {"error", info.error}};
}

json to_json(const twinmap::map_stats& stats) {
  json object = json::object();
  for_each_field(stats, [&](const char* name, const auto& field) { object[name] = field; });
  return object;
}

json to_json(const twinmap::check_report& report) {
  return {{"slots_checked", report.slots_checked},
          {"read_words", report.read_words},
          {"dirty_words", report.dirty_words},
          {"live", report.live},
          {"blocks_live", report.blocks_live},
          {"blocks_leased", report.blocks_leased},
          {"blocks_orphaned", report.blocks_orphaned},
          {"slots_orphaned", report.slots_orphaned},
          {"used_bytes", report.used_bytes},
          {"reachable_bytes", report.reachable_bytes},
          {"findings", report.findings}};
}

json to_json(const twinmap::sweep_report& report) {
  return {{"blocks_freed", report.blocks_freed},       {"blocks_adopted", report.blocks_adopted},
          {"chunks_freed", report.chunks_freed},       {"slots_freed", report.slots_freed},
          {"leases_released", report.leases_released}, {"size_corrected", report.size_corrected}};
}

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
