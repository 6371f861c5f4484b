// With a daemon nobody else promotes, and no insert pays for the copy of the index; without one, or
// with one that is stopped, the map goes on by itself.

#include "running_daemon.hpp"

#include <gtest/gtest.h>
#include <support/child.hpp>
#include <support/privilege.hpp>
#include <support/shared_page.hpp>
#include <twinmap/admin.hpp>
#include <twinmap/map.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <memory>
#include <thread>
#include <vector>

namespace daemon_test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using map_type = twinmap::map<std::uint64_t, std::uint64_t>;

std::uint64_t thread_cpu_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

struct progress {
  std::atomic<std::uint64_t> inserted{0};
  std::atomic<bool> stop{false};
};

struct insert_costs {
  double p9999_us;
  double worst_us;
  twinmap::map_stats stats;
};

class InsertsBesideTheDaemonAlone : public testing::Test {
 protected:
  twinmap::options options() const { return {.max_bytes = 1ull << 30, .directory = where.maps()}; }
  map_type attach(const std::string& name) const {
    return {twinmap::open_or_create, name, options()};
  }

  // One process inserts, two read what has been inserted.
  insert_costs insert_beside_readers(const std::string& name, std::uint64_t keys) const {
    map_type map = attach(name);
    test_support::shared_page<progress> now;
    std::vector<test_support::child> readers;
    for (std::uint64_t seed : {1u, 2u}) {
      readers.emplace_back([&, seed] {
        const map_type own = attach(name);
        std::uint64_t random = seed;
        while (!now->stop.load(std::memory_order_relaxed)) {
          const std::uint64_t last = now->inserted.load(std::memory_order_acquire);
          random = random * 6364136223846793005u + 1442695040888963407u;
          const std::uint64_t key = last == 0 ? 0 : (random >> 33) % last;
          if (last != 0 && own.load(key) != key + 1) return 1;
        }
        return 0;
      });
    }
    std::vector<std::uint32_t> costs;
    costs.reserve(keys);
    for (std::uint64_t key = 0; key != keys; ++key) {
      const std::uint64_t before = thread_cpu_ns();
      map.store(key, key + 1);
      costs.push_back(static_cast<std::uint32_t>(
          std::min<std::uint64_t>(thread_cpu_ns() - before, 4'000'000'000u)));
      now->inserted.store(key + 1, std::memory_order_release);
    }
    now->stop = true;
    for (test_support::child& each : readers)
      EXPECT_EQ(each.wait(), 0) << "a key that was inserted was not found";
    std::sort(costs.begin(), costs.end());
    EXPECT_EQ(map.size(), keys);
    return {costs[keys - 1 - keys / 10'000] / 1e3, costs.back() / 1e3, map.stats()};
  }

  place where;
};

TEST_F(InsertsBesideTheDaemonAlone, PayForNoPromotion) {
  const std::uint64_t keys = test_support::long_form() ? 5'000'000 : 500'000;
  const insert_costs without = insert_beside_readers("alone", keys);
  EXPECT_TRUE(twinmap::remove("alone", options()));
  where.configure("");
  attach("tended");
  insert_costs with{};
  {
    running_daemon daemon(where);
    ASSERT_TRUE(daemon.cares_for("tended"));
    with = insert_beside_readers("tended", keys);
  }
  const auto print = [](const char* what, const insert_costs& costs) {
    std::printf(
        "%s: p99.99 %.0f us, worst %.0f us of CPU time; %llu promotions, %llu by a "
        "caretaker, %llu builds and %llu growths of dirty\n",
        what, costs.p9999_us, costs.worst_us,
        static_cast<unsigned long long>(costs.stats.promotions),
        static_cast<unsigned long long>(costs.stats.promotions_by_caretaker),
        static_cast<unsigned long long>(costs.stats.dirty_builds),
        static_cast<unsigned long long>(costs.stats.dirty_growths));
  };
  print("without a daemon", without);
  print("with a daemon", with);
  EXPECT_GT(with.stats.promotions, 3u);
  if (test_support::sanitized) return;
  EXPECT_EQ(with.stats.promotions, with.stats.promotions_by_caretaker);
  EXPECT_LT(with.p9999_us, 2000);
  EXPECT_LT(with.p9999_us, without.p9999_us);
}

TEST_F(InsertsBesideTheDaemonAlone, ArePromotedByOthersWhenItIsStopped) {
  where.configure("[promotion]\nmax_age = \"1h\"\n");
  map_type map = attach("stopped");
  running_daemon daemon(where);
  ASSERT_TRUE(daemon.cares_for("stopped"));
  for (std::uint64_t key = 0; key != 1000; ++key)
    map.store(key, key);
  twinmap::promote(map);
  map.store(1000, 1);
  daemon.signal(SIGSTOP);
  std::this_thread::sleep_for(50ms);
  const std::uint64_t before = map.stats().promotions;
  ASSERT_TRUE(map.stats().amended);
  for (int i = 0; i != 1001; ++i)
    EXPECT_TRUE(map.contains(1000));
  const auto threshold = clock::now();
  while (map.stats().promotions == before && clock::now() - threshold < 5s)
    for (int i = 0; i != 64; ++i)
      EXPECT_TRUE(map.contains(1000));
  const auto took = clock::now() - threshold;
  EXPECT_LE(took, 200ms) << std::chrono::duration<double>(took).count() << " s";
  EXPECT_EQ(map.stats().promotions, before + 1);
  daemon.signal(SIGCONT);
  EXPECT_TRUE(daemon.cares_for("stopped"));
}

}  // namespace
}  // namespace daemon_test
