// The policy: by age, by misses, soon after a long sleep, and at next to no cost while nothing
// happens. After deaths the daemon tidies up.
#include <support/privilege.hpp>
#include <support/shared_page.hpp>
#include <twinmap/admin.hpp>
#include <twinmap/map.hpp>

#include <csignal>
#include <thread>

#include "running_daemon.hpp"

namespace daemon_test {
namespace {

using test_support::child;
using test_support::eventually;
using numbers = twinmap::map<std::uint64_t, std::uint64_t>;
using clock = std::chrono::steady_clock;

class promotions : public ::testing::Test {
 protected:
  twinmap::options here(std::uint64_t bytes = 16 << 20) const {
    return {.max_bytes = bytes, .directory = place_.maps()};
  }
  /// How long a new key stays in dirty only, though nobody looks.
  milliseconds age_at_promotion(numbers& map, std::uint64_t key) const {
    const std::uint64_t before = map.stats(false).promotions;
    map.store(key, key);
    const auto start = clock::now();
    EXPECT_TRUE(
        eventually([&] { return map.stats(false).promotions > before; }, std::chrono::seconds(5)));
    return std::chrono::duration_cast<milliseconds>(clock::now() - start);
  }

  place place_;
};

TEST_F(promotions, OfAMapThatOnlyReadOnlyHandlesReadComeByAge) {
  const running_daemon daemon(place_);
  numbers map(twinmap::create_only, "m", here());
  ASSERT_TRUE(daemon.cares_for("m"));
  const numbers view(twinmap::open_read_only, "m", here());
  for (std::uint64_t key = 0; key != 5; ++key) {
    const milliseconds age = age_at_promotion(map, key);
    EXPECT_GE(age, milliseconds(45));
    EXPECT_LE(age, milliseconds(test_support::sanitized ? 500 : 150));
    EXPECT_EQ(view.load(key), key);
    EXPECT_FALSE(view.stats(false).amended);
  }
  EXPECT_EQ(map.stats(false).promotions_by_caretaker, 5u);
  EXPECT_EQ(map.stats(false).promotions, 5u);
}

TEST_F(promotions, ComeAtTheAgeThatIsConfigured) {
  place_.configure("[promotion]\nmax_age = \"400ms\"\n");
  const running_daemon daemon(place_);
  numbers map(twinmap::create_only, "m", here());
  ASSERT_TRUE(daemon.cares_for("m"));
  EXPECT_GE(age_at_promotion(map, 1), milliseconds(390));
}

TEST_F(promotions, AtTheThresholdAreTheDaemonsAndLeaveTheNextDirtyBehind) {
  place_.configure("[promotion]\nmax_age = \"1h\"\n");
  const running_daemon daemon(place_);
  numbers map(twinmap::create_only, "m", here(256 << 20));
  ASSERT_TRUE(daemon.cares_for("m"));
  std::uint64_t keys = 0;
  for (int round = 0; round != 5; ++round) {
    const std::uint64_t before = map.stats(false).promotions;
    for (int i = 0; i != 1000; ++i)
      map.store(keys, keys), ++keys;
    // Misses: keys that only dirty has.
    EXPECT_TRUE(eventually([&] {
      for (std::uint64_t i = 0; i != 1000; ++i)
        static_cast<void>(map.load(keys - 1 - i));
      return map.stats(false).promotions > before;
    }));
  }
  const twinmap::map_stats stats = map.stats();
  EXPECT_EQ(stats.promotions_by_caretaker, stats.promotions);
  EXPECT_LE(stats.dirty_builds, 1u);  // the first; all others were prepared
  for (std::uint64_t key = 0; key != keys; ++key)
    ASSERT_EQ(map.load(key), key);
}

TEST_F(promotions, AreTheClientsOwnIfTheDaemonIsStopped) {
  place_.configure("[promotion]\nmax_age = \"1h\"\n");
  running_daemon daemon(place_);
  numbers map(twinmap::create_only, "m", here());
  ASSERT_TRUE(daemon.cares_for("m"));
  daemon.signal(SIGSTOP);
  for (std::uint64_t key = 0; key != 1000; ++key)
    map.store(key, key);
  std::optional<clock::time_point> reached;
  EXPECT_TRUE(eventually([&] {
    for (std::uint64_t key = 0; key != 1000; ++key)
      static_cast<void>(map.load(key));
    if (!reached) reached = clock::now();
    return map.stats(false).promotions > 0;
  }));
  EXPECT_LT(clock::now() - *reached, milliseconds(test_support::sanitized ? 2000 : 300));
  EXPECT_EQ(map.stats(false).promotions_by_caretaker, 0u);
  daemon.signal(SIGCONT);
}

TEST_F(promotions, LeaveDeletedKeysOutWhenTheyAreMany) {
  const running_daemon daemon(place_);
  numbers map(twinmap::create_only, "m", here());
  for (std::uint64_t key = 0; key != 1000; ++key)
    map.store(key, key);
  ASSERT_TRUE(eventually([&] { return !map.stats(false).amended; }));
  for (std::uint64_t key = 0; key != 200; ++key)
    map.erase(key);
  std::this_thread::sleep_for(milliseconds(2500));
  EXPECT_EQ(map.stats(false).compactions, 0u);
  for (std::uint64_t key = 200; key != 300; ++key)
    map.erase(key);
  EXPECT_TRUE(
      eventually([&] { return map.stats(false).compactions == 1; }, std::chrono::seconds(5)));
  EXPECT_TRUE(
      eventually([&] { return map.stats(false).read_words == 700; }, std::chrono::seconds(5)))
      << map.stats(false).read_words;
}

TEST_F(promotions, FollowWithinASecondAfterAWriterDied) {
  const running_daemon daemon(place_);
  const numbers map(twinmap::create_only, "m", here());
  ASSERT_TRUE(daemon.cares_for("m"));
  const std::uint64_t writers = map.stats(false).writers;
  child writer([&] {
    numbers mine(twinmap::open_only, "m", here());
    for (std::uint64_t key = 0;; ++key)
      mine.store(key % 1000, key);
  });
  ASSERT_TRUE(eventually([&] { return map.stats(false).writers > writers; }));
  writer.kill(SIGKILL);
  writer.wait();
  EXPECT_TRUE(eventually([&] { return map.stats(false).sweeps > 0; }, std::chrono::seconds(3)))
      << daemon.log();
  EXPECT_TRUE(
      eventually([&] { return map.stats(false).writers <= writers; }, std::chrono::seconds(3)));
}

class idle_mapsAlone : public promotions {};

TEST_F(idle_mapsAlone, CostNextToNothingAndArePromotedInTimeAfterALongSleep) {
  const running_daemon daemon(place_);
  std::vector<std::string> names;
  for (int i = 0; i != 100; ++i) {
    names.push_back("idle" + std::to_string(i));
    const numbers made(twinmap::create_only, names.back(), here());
  }
  ASSERT_TRUE(daemon.cares_for(names.back()));
  std::this_thread::sleep_for(milliseconds(1500));
  const milliseconds before = daemon.cpu_time();
  const auto seconds = test_support::rounds(5, 600);
  std::this_thread::sleep_for(std::chrono::seconds(seconds));
  const milliseconds spent = daemon.cpu_time() - before;
  EXPECT_LE(spent.count(), seconds + 10) << "0.1 %, and one tick of the clock that counts";
  numbers map(twinmap::open_only, names.front(), here());
  EXPECT_LE(age_at_promotion(map, 1), milliseconds(60));
}

TEST_F(promotions, ComeInTimeAlsoWhereThereAreMoreMapsThanOneCallCanWaitFor) {
  const running_daemon daemon(place_);
  for (int i = 0; i != 2 * static_cast<int>(twinmap::max_bells); ++i)
    const numbers made(twinmap::create_only, "m" + std::to_string(i), here());
  for (const int i : {0, 100, 200, 255}) {
    const std::string name = "m" + std::to_string(i);
    ASSERT_TRUE(daemon.cares_for(name));
    numbers map(twinmap::open_only, name, here());
    EXPECT_LE(age_at_promotion(map, 1), milliseconds(test_support::sanitized ? 1000 : 200)) << name;
  }
}

}  // namespace
}  // namespace daemon_test
