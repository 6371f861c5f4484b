#pragma once

#include <gtest/gtest.h>
#include <twinmap/protocol/admin.hpp>

#include <string>

namespace test_maps {

// Of a map that nobody writes to and that has been swept: nothing contradicts itself, and whatever
// is in use can be reached.
inline void expect_nothing_lost(const twinmap::protocol::check_report& report) {
  for (const std::string& finding : report.findings)
    ADD_FAILURE() << finding;
  EXPECT_EQ(report.used_bytes, report.reachable_bytes);
  EXPECT_EQ(report.blocks_leased, 0u);
  EXPECT_EQ(report.blocks_orphaned, 0u);
  EXPECT_EQ(report.slots_orphaned, 0u);
}

}  // namespace test_maps
