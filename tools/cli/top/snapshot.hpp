// What top says where there is no terminal: plain tables, or JSON.
#pragma once

#include <cli/settings.hpp>
#include <cli/top/sampler.hpp>

#include <cstdint>

namespace twinmap::top {

/// `count` snapshots, each of what happened within `interval` seconds.
void write_snapshots(const cli::settings& common, sampler& from, double interval,
                     std::uint64_t count);

}  // namespace twinmap::top
