// What the daemon tells of its maps, as JSON. Field names are those of the library's structs.
#pragma once

#include <json/structs.hpp>
#include <twinmapd/catalog.hpp>

namespace twinmapd {

using twinmap::json;

using twinmap::to_json;
json to_json(const reload_report& report);

/// The code's name for people: that of the errc, "" for none, "system" for all others.
std::string name_of(const std::error_code& code);

/// One map of the catalog; `in_full` with its counters.
json describe(const map_entry& entry, const std::string& directory, bool in_full);

}  // namespace twinmapd
