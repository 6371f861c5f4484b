#include <fmt/format.h>
#include <json/structs.hpp>

namespace twinmap {

json to_json(const map_info& info) {
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

json to_json(const map_stats& stats) {
  json object = json::object();
  for_each_field(stats, [&](const char* name, const auto& field) { object[name] = field; });
  return object;
}

json to_json(const check_report& report) {
  return {{"slots_checked", report.slots_checked},
          {"read_words", report.read_words},
          {"dirty_words", report.dirty_words},
          {"live", report.live},
          {"size", report.size},
          {"blocks_live", report.blocks_live},
          {"blocks_leased", report.blocks_leased},
          {"blocks_orphaned", report.blocks_orphaned},
          {"slots_orphaned", report.slots_orphaned},
          {"used_bytes", report.used_bytes},
          {"reachable_bytes", report.reachable_bytes},
          {"findings", report.findings}};
}

json to_json(const sweep_report& report) {
  return {{"blocks_freed", report.blocks_freed},       {"blocks_adopted", report.blocks_adopted},
          {"chunks_freed", report.chunks_freed},       {"slots_freed", report.slots_freed},
          {"leases_released", report.leases_released}, {"size_corrected", report.size_corrected}};
}

json to_json(const writer_info& writer) {
  return {{"lease", writer.lease},
          {"process", writer.process},
          {"thread", writer.thread},
          {"pid_namespace", writer.pid_namespace},
          {"user", writer.user},
          {"command", writer.command},
          {"since", writer.since},
          {"state", to_string(writer.state)},
          {"holds_mutex", writer.holds_mutex},
          {"holds_mutex_ns", writer.holds_mutex_ns},
          {"caretaker", writer.caretaker}};
}

}  // namespace twinmap
