#include <gtest/gtest.h>
#include <cli/top/draw.hpp>
#include <cli/top/numbers.hpp>

#include <cmath>

namespace top_test {
namespace {

using namespace twinmap::top;

TEST(Numbers, HaveFourCharactersAtMost) {
  for (double value = 0.001; value < 9e20; value *= 1.037)
    EXPECT_LE(short_number(value).size(), 4u) << value;
  for (std::uint64_t bytes = 1; bytes < (1ull << 62); bytes += bytes / 29 + 1)
    EXPECT_LE(short_bytes(bytes).size(), 4u) << bytes;
}

TEST(Numbers, ReadAsPeopleWriteThem) {
  EXPECT_EQ(short_number(0), "0");
  EXPECT_EQ(short_number(0.5), "0.5");
  EXPECT_EQ(short_number(0.01), "<0.1");
  EXPECT_EQ(short_number(7), "7");
  EXPECT_EQ(short_number(999.4), "999");
  EXPECT_EQ(short_number(999.6), "1.0k");
  EXPECT_EQ(short_number(12'345), "12k");
  EXPECT_EQ(short_number(1'234'567), "1.2M");
  EXPECT_EQ(short_number(std::nan("")), "0");
  EXPECT_EQ(short_bytes(0), "0B");
  EXPECT_EQ(short_bytes(1023), "1.0K");
  EXPECT_EQ(short_bytes(200 << 10), "200K");
  EXPECT_EQ(short_bytes(4ull << 30), "4.0G");
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(1'234'567), "1,234,567");
  EXPECT_EQ(long_rate(0.5), "0.5");
  EXPECT_EQ(long_rate(1234.5), "1,235");
  EXPECT_EQ(long_rate(123'456'789), "123.5M");
  EXPECT_EQ(percentage(0, 0), "-");
  EXPECT_EQ(percentage(0, 10), "0 %");
  EXPECT_EQ(percentage(1, 1'000), "<1 %");
  EXPECT_EQ(percentage(999, 1'000), ">99 %");
  EXPECT_EQ(percentage(1, 2), "50 %");
  EXPECT_EQ(duration(12'000'000), "12 ms");
  EXPECT_EQ(duration(3'400'000'000), "3.4 s");
  EXPECT_EQ(duration(7'200'000'000'000), "2 h");
}

TEST(Sparkline, ReachesTheTopWithItsHighestValue) {
  using lines = std::vector<std::string>;
  EXPECT_EQ(sparkline({0, 1, 4, 8}, 6, 1, {}), lines{"   ▁▄█"});
  EXPECT_EQ(sparkline({1, 2, 3}, 2, 1, {}), lines{"▅█"}) << "the last two";
  EXPECT_EQ(sparkline({4, 8}, 2, 2, {}), (lines{" █", "██"}));
  EXPECT_EQ(sparkline({0, 0.001, 1000}, 3, 1, {}), lines{" ▁█"}) << "a little is not nothing";
  EXPECT_EQ(sparkline({}, 3, 1, {}), lines{"   "});
  EXPECT_EQ(sparkline({0, 4, 8}, 3, 1, {.unicode = false}), lines{" -#"});
}

TEST(Bar, GivesEachShareItsPartAndTheSmallestOneColumn) {
  const share much{60, "a", "A", look::plain};
  const share little{1, "b", "B", look::plain};
  EXPECT_EQ(bar({much}, 120, 10, {}).text(), "aaaaa░░░░░");
  EXPECT_EQ(bar({much, little}, 61, 10, {}).text(), "aaaaaaaaab");
  EXPECT_EQ(bar({little, much}, 61, 10, {.unicode = false}).text(), "BAAAAAAAAA");
  EXPECT_EQ(bar({much}, 0, 4, {}).text(), "░░░░");
  EXPECT_EQ(bar({much, much}, 60, 4, {}).text().size(), 4u) << "more than the whole";
}

}  // namespace
}  // namespace top_test
