// update(key, f): what f returns stands, an empty optional erases, f runs again when another writer
// was faster, and an f that throws has changed nothing.
#include <api/fresh_map.hpp>
#include <support/child.hpp>

#include <stdexcept>
#include <thread>
#include <vector>

namespace api_test {
namespace {

TEST(Update, InsertsReplacesErasesAndKeeps) {
  fresh_map<std::string, std::string> fresh;
  auto& map = fresh.map;
  EXPECT_EQ(map.update("key",
                       [](std::optional<std::string> old) -> std::optional<std::string> {
                         EXPECT_FALSE(old);
                         return "first";
                       }),
            "first");
  EXPECT_EQ(map.update("key",
                       [](std::optional<std::string> old) { return *old + std::string(100, '+'); }),
            "first" + std::string(100, '+'));
  EXPECT_EQ(map.load("key")->size(), 105u);
  EXPECT_EQ(map.update("key", [](auto) { return std::nullopt; }), std::nullopt);
  EXPECT_FALSE(map.contains("key"));
  EXPECT_EQ(map.update("key", [](auto old) { return old; }), std::nullopt);
  EXPECT_FALSE(map.contains("key"));
  EXPECT_EQ(map.size(), 0u);
}

// The other writer comes in between, from within f itself: f holds no lock, so it may.
TEST(Update, RunsAgainWhenAnotherWriterWasFaster) {
  fresh_map<std::string, quote> fresh;
  auto other = fresh.attach(twinmap::open_only);
  fresh.map.store("key", {.bid = 1});
  int runs = 0;
  const auto after = fresh.map.update("key", [&](std::optional<quote> old) {
    if (++runs <= 3) other.store("key", {.bid = old->bid * 10});
    old->ask = old->bid + 1;
    return old;
  });
  EXPECT_EQ(runs, 4);
  EXPECT_EQ(after, (quote{.bid = 1000, .ask = 1001}));
  EXPECT_EQ(other.load("key"), after);
}

TEST(Update, RunsAgainWhenTheKeyCameOrWentMeanwhile) {
  fresh_map<u64, u64> fresh;
  auto other = fresh.attach(twinmap::open_only);
  std::vector<std::optional<u64>> seen;
  fresh.map.update(1, [&](std::optional<u64> old) -> std::optional<u64> {
    seen.push_back(old);
    if (seen.size() == 1) other.store(1, 5);
    if (seen.size() == 2) other.erase(1);
    return old.value_or(0) + 1;
  });
  EXPECT_EQ(seen, (std::vector<std::optional<u64>>{std::nullopt, 5, std::nullopt}));
  EXPECT_EQ(other.load(1), 1u);
}

TEST(Update, AThrowingFunctionChangesNothing) {
  fresh_map<std::string, std::string> fresh;
  const std::string value(500, 'v');
  fresh.map.store("key", value);
  const auto used = fresh.map.stats().bytes_used;
  const auto fail = [](auto) -> std::optional<std::string> { throw std::runtime_error("mine"); };
  for (int i = 0; i != 1000; ++i) {
    EXPECT_THROW(fresh.map.update("key", fail), std::runtime_error);
    EXPECT_THROW(fresh.map.update("absent", fail), std::runtime_error);
  }
  std::error_code code;
  EXPECT_THROW(fresh.map.update("key", fail, code), std::runtime_error) << "it is the user's own";
  EXPECT_EQ(fresh.map.load("key"), value);
  EXPECT_FALSE(fresh.map.contains("absent"));
  EXPECT_EQ(fresh.map.size(), 1u);
  EXPECT_EQ(fresh.map.stats().bytes_used, used);
  fresh.map.store("absent", "now present");
  EXPECT_EQ(fresh.map.load("absent"), "now present");
}

// Nothing is lost among threads and processes: each adds 1 to a record too long for a slot.
TEST(Update, LosesNoneOfManyWriters) {
  fresh_map<std::string, quote> fresh;
  constexpr int rounds = 5000;
  const auto add = [&](twinmap::map<std::string, quote>& map) {
    for (int i = 0; i != rounds; ++i)
      map.update("sum", [](std::optional<quote> old) {
        quote next = old.value_or(quote{});
        ++next.bid;
        --next.ask;
        return next;
      });
  };
  test_support::child process([&] {
    auto mine = fresh.attach(twinmap::open_only);
    add(mine);
  });
  std::thread thread([&] { add(fresh.map); });
  add(fresh.map);
  thread.join();
  EXPECT_EQ(process.wait(), 0);
  EXPECT_EQ(fresh.map.load("sum"), (quote{.bid = 3 * rounds, .ask = -3 * rounds}));
}

}  // namespace
}  // namespace api_test
