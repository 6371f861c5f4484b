#include <gtest/gtest.h>
#include <cli/top/sampler.hpp>
#include <support/names.hpp>
#include <twinmap/map.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace top_test {
namespace {

using namespace twinmap::top;
using namespace std::chrono_literals;
using numbers = twinmap::map<std::uint64_t, std::uint64_t>;

class Sampler : public ::testing::Test {
 protected:
  twinmap::options here() const {
    twinmap::options where;
    where.directory = place_.path().string();
    where.max_bytes = 4u << 20;
    return where;
  }
  /// Looks as if that much time had passed.
  void look_after(std::chrono::milliseconds time, walks wanted = walks::now) {
    now_ += time;
    looker_.look(wanted, page_, now_);
  }
  const map_row* row(const std::string& name) const {
    const auto& all = looker_.seen().maps;
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const map_row& each) { return each.name == name; });
    return found == all.end() ? nullptr : &*found;
  }

  test_support::scoped_directory place_;
  sampler looker_{here()};
  steady_time now_ = std::chrono::steady_clock::now();
  std::string page_;
};

TEST_F(Sampler, TakesRatesFromDifferences) {
  numbers map(twinmap::create_only, "m", here());
  map.store(1, 1);
  look_after(0s);
  ASSERT_NE(row("m"), nullptr);
  EXPECT_FALSE(row("m")->now) << "there is no difference yet";

  for (std::uint64_t key = 0; key < 50; ++key)
    map.store(key % 10, key);
  for (std::uint64_t key = 0; key < 10; ++key)
    map.erase(key);
  for (int i = 0; i < 30; ++i)
    EXPECT_FALSE(map.load(1).has_value());
  look_after(2s);
  ASSERT_TRUE(row("m")->now);
  EXPECT_DOUBLE_EQ(row("m")->now->writes, 30) << "60 in two seconds";
  EXPECT_DOUBLE_EQ(row("m")->now->reads, 0) << "none of them found its key";

  map.store(1, 1);
  for (int i = 0; i < 40; ++i)
    EXPECT_TRUE(map.load(1).has_value());
  map.store(1, 2);  // a write brings the counts of lookups with it
  look_after(500ms);
  EXPECT_DOUBLE_EQ(row("m")->now->reads, 80);
  EXPECT_EQ(row("m")->history.size(), 2u);
}

TEST(Rates, AreNothingWhenCountersGoBack) {
  twinmap::map_stats before;
  before.stores = 10;
  before.hits_read = 10;
  const twinmap::map_stats now;
  EXPECT_EQ(rates_between(before, now, 1).writes, 0);
  EXPECT_EQ(rates_between(before, now, 1).reads, 0);
  EXPECT_EQ(rates_between(now, before, 0).writes, 0) << "no time has passed";
}

TEST_F(Sampler, CountsEntriesByState) {
  numbers map(twinmap::create_only, "m", here());
  for (std::uint64_t key = 0; key < 100; ++key)
    map.store(key, key);
  for (std::uint64_t key = 0; key < 10; ++key)
    map.erase(key);
  look_after(0s);
  EXPECT_EQ(row("m")->stats.entries, 90u);
  ASSERT_TRUE(row("m")->absent);
  EXPECT_EQ(row("m")->absent->nil, 10u);
  EXPECT_TRUE(row("m")->absent->current);
}

TEST_F(Sampler, WalksLargeMapsRarelyAndSaysSo) {
  twinmap::options wanted = here();
  wanted.max_bytes = 256u << 20;
  numbers map(twinmap::create_only, "m", wanted);
  for (std::uint64_t key = 0; key < 300'000; ++key)
    map.store(key, key);
  look_after(0s, walks::rarely);
  EXPECT_FALSE(row("m")->absent) << "too many for the first look";
  look_after(2s, walks::rarely);
  ASSERT_TRUE(row("m")->absent);
  map.erase(1);
  look_after(500ms, walks::rarely);
  EXPECT_EQ(row("m")->absent->nil, 0u);
  EXPECT_FALSE(row("m")->absent->current);
  look_after(2s, walks::rarely);
  EXPECT_EQ(row("m")->absent->nil, 1u);
  EXPECT_TRUE(row("m")->absent->current);
}

TEST_F(Sampler, SeesMapsComeAndGo) {
  look_after(0s);
  EXPECT_TRUE(looker_.seen().maps.empty());
  {
    const numbers map(twinmap::create_only, "m", here());
    look_after(1s);
    ASSERT_NE(row("m"), nullptr);
    EXPECT_EQ(row("m")->state, condition::present);
    ASSERT_TRUE(twinmap::remove("m", here()));
    look_after(1s);
    ASSERT_NE(row("m"), nullptr) << "a removed map is shown for a while";
    EXPECT_EQ(row("m")->state, condition::removed);
  }
  look_after(10s);
  EXPECT_EQ(row("m"), nullptr);
}

TEST_F(Sampler, KeepsNoMemoryOfARemovedMap) {
  const auto mapped = [] {
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);)
      if (line.find("twinmap.removed") != std::string::npos) return true;
    return false;
  };
  std::optional<numbers> map(std::in_place, twinmap::create_only, "removed", here());
  look_after(0s);
  map.reset();
  EXPECT_TRUE(mapped());
  ASSERT_TRUE(twinmap::remove("removed", here()));
  look_after(1s);
  EXPECT_FALSE(mapped());
}

TEST_F(Sampler, TakesAMapOfTheSameNameForAnother) {
  std::optional<numbers> map(std::in_place, twinmap::create_only, "m", here());
  map->store(1, 1);
  page_ = "m";
  look_after(0s);
  look_after(1s);
  const std::string first = row("m")->info->uuid;
  ASSERT_TRUE(twinmap::remove("m", here()));
  map.emplace(twinmap::create_only, "m", here());
  look_after(1s);
  ASSERT_NE(row("m"), nullptr);
  EXPECT_EQ(row("m")->state, condition::present);
  EXPECT_FALSE(row("m")->now) << "its counters have nothing to do with those before";
  EXPECT_NE(row("m")->info->uuid, first);
  map->store(1, 1);
  map->store(2, 1);
  look_after(1s);
  EXPECT_DOUBLE_EQ(row("m")->now->writes, 2);
}

// The new file may have the number of the one that was removed.
TEST_F(Sampler, SeesARemovedMapComeBackAtOnce) {
  static_cast<void>(numbers(twinmap::create_only, "m", here()));
  look_after(0s);
  ASSERT_TRUE(twinmap::remove("m", here()));
  look_after(1s);
  ASSERT_EQ(row("m")->state, condition::removed);
  const numbers again(twinmap::create_only, "m", here());
  look_after(1s);
  EXPECT_EQ(row("m")->state, condition::present);
}

TEST_F(Sampler, ShowsWhyAMapCannotBeOpenedUntilItCan) {
  const numbers map(twinmap::create_only, "m", here());
  const auto good = place_ / "twinmap.m";
  const auto bad = place_ / "twinmap.bad";
  std::filesystem::copy_file(good, bad);
  std::filesystem::permissions(bad, std::filesystem::perms(0600));
  std::filesystem::resize_file(bad, 4096);
  look_after(0s);
  ASSERT_NE(row("bad"), nullptr);
  EXPECT_EQ(row("bad")->state, condition::unreadable);
  EXPECT_NE(row("bad")->error.find("twinmap 'bad'"), std::string::npos) << row("bad")->error;

  std::filesystem::remove(bad);
  look_after(1s);
  EXPECT_EQ(row("bad"), nullptr);
  const numbers sound(twinmap::create_only, "bad", here());
  look_after(1s);
  EXPECT_EQ(row("bad")->state, condition::present);
}

TEST_F(Sampler, SurvivesAMapThatIsCutOff) {
  static_cast<void>(numbers(twinmap::create_only, "m", here()));
  look_after(0s);
  ASSERT_EQ(row("m")->state, condition::present);
  std::filesystem::resize_file(place_ / "twinmap.m", 4096);
  look_after(1s);
  ASSERT_NE(row("m"), nullptr);
  EXPECT_EQ(row("m")->state, condition::unreadable);
  EXPECT_NE(row("m")->error.find("4096"), std::string::npos) << row("m")->error;
}

TEST_F(Sampler, PassesOverFilesThatAreNoMaps) {
  std::ofstream(place_ / "twinmap.notes") << "nothing of ours";
  std::ofstream(place_ / "twinmap.a b") << "no name of a map";
  std::ofstream(place_ / "other");
  const numbers map(twinmap::create_only, "m", here());
  look_after(0s);
  ASSERT_EQ(looker_.seen().maps.size(), 1u);
  EXPECT_EQ(looker_.seen().maps[0].name, "m");
}

TEST_F(Sampler, GoesOnWhenTheDirectoryIsGone) {
  const auto inner = place_ / "inner";
  std::filesystem::create_directory(inner);
  twinmap::options where;
  where.directory = inner.string();
  sampler looker(where);
  std::filesystem::remove(inner);
  looker.look();
  EXPECT_NE(looker.seen().complaint.find("inner"), std::string::npos);
  EXPECT_THROW(sampler{where}, std::system_error) << "but not without one to begin with";
}

TEST_F(Sampler, TellsOfThePageWhoMayWrite) {
  numbers map(twinmap::create_only, "m", here());
  map.store(1, 1);
  look_after(0s);
  EXPECT_FALSE(row("m")->writers);
  looker_.look_closer("m");
  ASSERT_TRUE(row("m")->writers);
  ASSERT_EQ(row("m")->writers->size(), 1u);
  EXPECT_EQ(row("m")->writers->front().process, static_cast<std::uint32_t>(::getpid()));
  EXPECT_EQ(row("m")->info->value_type, "u64");
}

}  // namespace
}  // namespace top_test
