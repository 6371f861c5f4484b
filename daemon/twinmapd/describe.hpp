// What the daemon tells of its maps, as JSON. Field names are those of the library's structs.
#pragma once

#include <nlohmann/json.hpp>
#include <twinmap/admin.hpp>
#include <twinmapd/catalog.hpp>

namespace twinmapd {

using json = nlohmann::ordered_json;  // fields come in the order of the structs

json to_json(const twinmap::map_info& info);
json to_json(const twinmap::map_stats& stats);
json to_json(const twinmap::check_report& report);
json to_json(const twinmap::sweep_report& report);
json to_json(const reload_report& report);

/// The code's name for people: that of the errc, "" for none, "system" for all others.
std::string name_of(const std::error_code& code);

/// One map of the catalog; `in_full` with its counters.
json describe(const map_entry& entry, const std::string& directory, bool in_full);

}  // namespace twinmapd
