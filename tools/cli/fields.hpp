// An entry slot as JSON, with key and value as its settings want them; the other structs are in
// json/structs.hpp.
#pragma once

#include <cli/settings.hpp>
#include <json/structs.hpp>
#include <twinmap/admin.hpp>

namespace twinmap::cli {

using twinmap::to_json;
json to_json(const slot_info& slot, const named_type& key, const named_type& value,
             const settings& common);

}  // namespace twinmap::cli
