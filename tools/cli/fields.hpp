// The library's structs as JSON, field by field and under the same names.
#pragma once

#include <cli/settings.hpp>
#include <twinmap/admin.hpp>

namespace twinmap::cli {

json to_json(const map_info& info);
json to_json(const map_stats& stats);
json to_json(const check_report& report);
json to_json(const sweep_report& report);
json to_json(const writer_info& writer);
json to_json(const slot_info& slot, const named_type& key, const named_type& value,
             const settings& common);

}  // namespace twinmap::cli
