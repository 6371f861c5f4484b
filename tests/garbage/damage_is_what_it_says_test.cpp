// Without this, a damage that changes nothing would harm nobody either.

#include "image.hpp"

#include <gtest/gtest.h>
#include <maps/raw_map.hpp>

#include <stdexcept>

namespace garbage_tests {
namespace {

TEST(Damage, IsTheSameForTheSameSeedAndSurvivesWriting) {
  for (std::uint64_t seed = 0; seed != 1000; ++seed) {
    const auto victim = static_cast<std::uint8_t>(seed % victims().size());
    const damage drawn = drawn_damage(victim, seed);
    EXPECT_EQ(drawn, drawn_damage(victim, seed));
    EXPECT_EQ(drawn, unpacked(packed(drawn)));
    EXPECT_EQ(drawn, read_damage("# why it is here\n" + written(drawn)));
    EXPECT_FALSE(drawn.edits.empty());
  }
}

TEST(Damage, ThatIsNotWrittenAsDamageIsRefused) {
  EXPECT_THROW(read_damage("Nobody\n"), std::invalid_argument);
  EXPECT_THROW(read_damage("TextsInRead\nroof 1 flip 2\n"), std::invalid_argument);
  EXPECT_THROW(read_damage("TextsInRead\nroots 1 flip\n"), std::invalid_argument);
}

class EachVictim : public testing::TestWithParam<std::uint8_t> {};

TEST_P(EachVictim, IsSoundUntilItIsSpoiltAndAfterItIsRestored) {
  image one(GetParam());
  const auto findings = [&] {
    test_maps::raw_settings settings;
    settings.directory = one.name().directory().string();
    if (one.what().kind == flavour::numbers)
      return test_maps::raw_map<std::uint64_t, std::uint64_t>(
                 test_maps::attach_mode::open_read_only, one.name(), settings)
          .check()
          .findings;
    return test_maps::raw_map<std::string, std::string>(test_maps::attach_mode::open_read_only,
                                                        one.name(), settings)
        .check()
        .findings;
  };
  EXPECT_EQ(findings(), std::vector<std::string>());
  tally words{};
  damage what{GetParam(), {}};
  what.edits.push_back({place::roots, harm::scramble, 0, 3});
  one.spoil(what, words);
  EXPECT_NE(findings(), std::vector<std::string>());
  EXPECT_TRUE(one.kept_its_bounds());
  one.restore();
  EXPECT_EQ(findings(), std::vector<std::string>());
}

// Each place has words, and each edit that is to change one does.
TEST_P(EachVictim, CanBeSpoiltInEachPlace) {
  image one(GetParam());
  for (std::size_t where = 0; where != place_count; ++where) {
    tally words{};
    one.spoil({GetParam(), {{static_cast<place>(where), harm::flip, 30'000, 7}}}, words);
    EXPECT_EQ(words[where], 1u) << name_of(static_cast<place>(where));
    one.restore();
  }
}

INSTANTIATE_TEST_SUITE_P(Of, EachVictim,
                         testing::Range(std::uint8_t{0},
                                        static_cast<std::uint8_t>(victims().size())),
                         [](const auto& each) { return std::string(victims()[each.param].name); });

}  // namespace
}  // namespace garbage_tests
