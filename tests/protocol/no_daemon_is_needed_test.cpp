// P9: with no daemon anywhere, whoever works on a map promotes it, takes over from the dead and
// takes back what they held.

#include "request.hpp"

#include <support/child.hpp>
#include <support/names.hpp>

#include <gtest/gtest.h>

#include <twinmap/protocol/admin.hpp>

#include <csignal>
#include <string>

namespace twinmap::protocol {
namespace {

// Every miss is published at once.
attach_request impatient(const test_support::scoped_name& name, attach_mode mode) {
  attach_request request = request_for(name, mode);
  request.max_bytes = 16u << 20;
  request.miss_batch = 1;
  return request;
}

void store(handle& map, const std::string& key, const std::string& value) {
  map.store(map.key(key.data(), key.size()), std::as_bytes(std::span(value)));
}

bool holds(const handle& map, const std::string& key) {
  value_buffer value;
  return map.load(map.key(key.data(), key.size()), value);
}

std::uint64_t promotions(const handle& map) {
  return stats(map, false).counts[static_cast<std::size_t>(storage::counter::promotions)];
}

TEST(without_a_daemon, lookups_promote_what_they_keep_missing) {
  const test_support::scoped_name name;
  const auto map = handle::attach(impatient(name, attach_mode::create_only));
  for (int i = 0; i != 100; ++i)
    store(*map, "key" + std::to_string(i), "value");
  ASSERT_EQ(0u, promotions(*map));
  for (int i = 0; i != 100; ++i)
    EXPECT_TRUE(holds(*map, "key" + std::to_string(i)));
  EXPECT_EQ(1u, promotions(*map));
  EXPECT_FALSE(stats(*map, false).amended);
}

TEST(without_a_daemon, the_living_take_back_what_the_killed_held) {
  const test_support::scoped_name name;
  const auto map = handle::attach(impatient(name, attach_mode::create_only));
  for (int round = 0; round != 20; ++round) {
    test_support::child writer([&] {
      const auto mine = handle::attach(impatient(name, attach_mode::open_only));
      for (int i = 0;; ++i)
        store(*mine, std::to_string(round * 1000000 + i % 500),
              std::string(static_cast<std::size_t>(100 + i % 900), 'x'));
    });
    while (!holds(*map, std::to_string(round * 1000000 + 50))) {
    }
    writer.kill(SIGKILL);
    writer.wait();
    store(*map, "survivor" + std::to_string(round), "still here");
  }
  sweep(*map);
  const check_report report = check(*map);
  EXPECT_TRUE(report.findings.empty()) << report.findings.front();
  EXPECT_EQ(report.used_bytes, report.reachable_bytes);
  EXPECT_EQ(report.live, report.size);
  EXPECT_EQ(0u, report.blocks_orphaned);
}

}  // namespace
}  // namespace twinmap::protocol
