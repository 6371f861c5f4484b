// The library's structs as JSON, field by field, in their order and under their names: what the
// tool prints and what the daemon answers are the same.
#pragma once

#include <nlohmann/json.hpp>
#include <twinmap/admin.hpp>

namespace twinmap {

using json = nlohmann::ordered_json;

json to_json(const map_info& info);
json to_json(const map_stats& stats);
json to_json(const check_report& report);
json to_json(const sweep_report& report);
json to_json(const writer_info& writer);

}  // namespace twinmap
