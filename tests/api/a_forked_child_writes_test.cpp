// P10: after fork the child's loads work at once through the handle it inherited, its first write
// takes a lease of its own, and neither side's end disturbs the other.
#include <api/fresh_map.hpp>
#include <support/child.hpp>
#include <twinmap/admin.hpp>

#include <csignal>
#include <thread>

namespace api_test {
namespace {

TEST(ForkedChild, ReadsAndWritesThroughTheInheritedHandle) {
  fresh_map<u64, std::string> fresh;
  auto& map = fresh.map;
  const std::string value(200, 'p');
  for (u64 key = 0; key != 500; ++key)
    map.store(key, value);
  test_support::child process([&] {
    for (u64 key = 0; key != 500; ++key)
      EXPECT_EQ(map.load(key), value);
    for (u64 key = 0; key != 1000; ++key)
      map.store(key, std::string(300, 'c'));
    map.update(0, [](auto old) { return *old + "!"; });
    EXPECT_EQ(map.size(), 1000u);
  });
  EXPECT_EQ(process.wait(), 0);
  EXPECT_EQ(map.load(0)->size(), 301u);
  EXPECT_EQ(map.load(999), std::string(300, 'c'));
  map.store(5000, value);
  EXPECT_EQ(map.size(), 1001u);
  EXPECT_EQ(twinmap::check(map).findings, std::vector<std::string>{});
}

TEST(ForkedChild, WritesAtTheSameTimeAsItsParent) {
  fresh_map<u64, u64> fresh;
  constexpr u64 rounds = 20'000;
  fresh.map.store(0, 0);
  const auto work = [&] {
    for (u64 i = 0; i != rounds; ++i) {
      fresh.map.fetch_add(0, 1);
      if (i % 16 == 0) fresh.map.fetch_add(i, 1);
    }
  };
  test_support::child process(work);
  std::thread thread(work);
  work();
  thread.join();
  EXPECT_EQ(process.wait(), 0);
  u64 sum = 0;
  fresh.map.for_each([&](u64, u64 value) { sum += value; });
  EXPECT_EQ(sum, 3 * (rounds + rounds / 16));
}

// The child's death, even by SIGKILL, leaves the parent's lease and lock alone.
TEST(ForkedChild, MayBeKilledWithoutHarmToItsParent) {
  fresh_map<u64, std::string> fresh;
  fresh.map.store(1, "parent");
  test_support::child process([&] {
    for (u64 key = 2;; ++key)
      fresh.map.store(key % 10'000, std::string(key % 100, 'c'));
  });
  while (fresh.map.size() < 100)
    std::this_thread::yield();
  process.kill(SIGKILL);
  process.wait();
  for (u64 key = 20'000; key != 21'000; ++key)
    fresh.map.store(key, "after");
  EXPECT_EQ(fresh.map.load(20'500), "after");
  twinmap::sweep(fresh.map);
  u64 seen = 0;
  fresh.map.for_each([&](u64, const std::string&) { ++seen; });
  EXPECT_EQ(fresh.map.size(), seen);
  EXPECT_EQ(twinmap::check(fresh.map).findings, std::vector<std::string>{});
}

}  // namespace
}  // namespace api_test
