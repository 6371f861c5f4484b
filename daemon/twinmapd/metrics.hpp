// The maps' counters in Prometheus' text format.
#pragma once

#include <twinmapd/catalog.hpp>

#include <string>

namespace twinmapd {

std::string metrics_text(const catalog& maps);

}  // namespace twinmapd
