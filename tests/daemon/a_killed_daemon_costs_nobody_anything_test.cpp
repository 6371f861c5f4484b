// P9 under load: four processes work on a map that the daemon cares for, and the daemon is killed
// with SIGKILL again and again. Every operation of theirs succeeds, every value is where it was
// put, and the next daemon takes the map over as it is.

#include "running_daemon.hpp"

#include <gtest/gtest.h>
#include <support/child.hpp>
#include <support/privilege.hpp>
#include <support/shared_page.hpp>
#include <twinmap/admin.hpp>
#include <twinmap/bytes_map.hpp>

#include <processes/ledger.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace daemon_test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using process_tests::ledger;
using process_tests::ledger_map;

constexpr std::size_t workers = 4;

struct shared {
  std::array<ledger, workers> books;
  std::atomic<bool> stop{false};
};

class KilledDaemonAlone : public testing::Test {
 protected:
  KilledDaemonAlone() {
    where.configure(
        "[[map]]\nname = \"audited\"\nkey = \"u64\"\nvalue = \"string\"\n"
        "max_bytes = \"256MiB\"\n");
  }
  test_maps::raw_settings settings() const {
    test_maps::raw_settings chosen;
    chosen.directory = where.maps();
    return chosen;
  }
  // Works until told to stop; what goes wrong is in the exit code.
  void start_workers() {
    for (std::size_t i = 0; i != workers; ++i) {
      all->books[i].worker = i + 1;
      crew.emplace_back([this, i] {
        ledger_map own(test_maps::attach_mode::open_only, "audited", settings());
        process_tests::worker hand(own, all->books[i], i + 1);
        while (!all->stop.load() && !HasFailure())
          hand.step();
      });
    }
  }
  std::uint64_t operations() const {
    std::uint64_t sum = 0;
    for (const ledger& book : all->books)
      sum += book.operations.load();
    return sum;
  }

  place where;
  test_support::shared_page<shared> all;
  std::vector<test_support::child> crew;
};

TEST_F(KilledDaemonAlone, LosesNothingAndFailsNobody) {
  const int kills = test_support::long_form() ? 100 : 8;
  auto daemon = std::make_unique<running_daemon>(where);
  ASSERT_TRUE(daemon->cares_for("audited"));
  start_workers();
  const auto begin = clock::now();
  std::uint64_t by_caretaker = 0;
  for (int i = 0; i != kills; ++i) {
    std::this_thread::sleep_for(milliseconds(100 + i * 37 % 200));
    daemon->kill();
    daemon = std::make_unique<running_daemon>(where);
    ASSERT_TRUE(daemon->cares_for("audited")) << "not adopted after kill " << i + 1;
    const json map = daemon->map("audited");
    EXPECT_FALSE(map.value("created", false)) << "made anew";
    by_caretaker = map["stats"]["promotions_by_caretaker"];
  }
  const double seconds = std::chrono::duration<double>(clock::now() - begin).count();
  const double rate = static_cast<double>(operations()) / seconds;
  all->stop = true;
  for (test_support::child& each : crew)
    EXPECT_EQ(each.wait(), 0) << "an operation failed";
  std::printf("%d kills in %.1f s, %.0f operations/s together, %llu promotions by caretakers\n",
              kills, seconds, rate, static_cast<unsigned long long>(by_caretaker));
  EXPECT_GT(by_caretaker, 0u) << "no daemon ever did anything";
  if (!test_support::sanitized) {
    EXPECT_GT(rate, 100'000);
  }
  const ledger_map map(test_maps::attach_mode::open_only, "audited", settings());
  std::uint64_t standing = 0;
  for (ledger& book : all->books) {
    process_tests::audit(map, book);
    standing += process_tests::standing_keys(book);
  }
  EXPECT_EQ(map.count(), standing);
  EXPECT_EQ(map.size(), standing);
  for (const std::string& finding : map.check().findings)
    ADD_FAILURE() << finding;
}

}  // namespace
}  // namespace daemon_test
