// P4: a process is stepped through one call of one member, and killed after the n-th instruction,
// for every n after which others see something that they did not see one instruction before, and
// once it has returned.

#include <gtest/gtest.h>
#include <step/aftermath.hpp>
#include <step/report.hpp>
#include <step/stage.hpp>
#include <support/privilege.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace step_tests {
namespace {

// Of a call that has so few places none is left out; of others a sample is taken.
constexpr std::size_t few = 32;
constexpr std::size_t some = 8;

class Death : public testing::TestWithParam<std::size_t> {};

// In a process of its own, whatever happens here. `at`: as the survey saw it; none if the call
// returns before.
void die_at(const stage& on, const fate& wanted, std::optional<place> at) {
  const auto survivor = on.begin();
  test_support::shared_page<control_page> control;
  test_support::child victim = play(on, wanted, *control);
  EXPECT_EQ(end_of(victim).signal, SIGKILL);
  const bool returned = control->now() == phase::returned;
  EXPECT_EQ(returned, !at);
  // A new map is never the same again.
  const bool comparable = on.what().has_map();
  if (at) {
    EXPECT_EQ(control->stopped_at(), at->instruction) << "not where the survey was";
  }
  if (at && comparable && std::filesystem::exists(on.name().segment_file())) {
    EXPECT_EQ(on.watch()->hash(), at->image) << "not what the survey saw";
  }
  settle(on, survivor.get(), either_way(on, returned));
}

TEST_P(Death, IsSettled) {
  if (!can_step) GTEST_SKIP() << "stepping takes x86's trap flag, and no sanitizer";
  const stage on(mutations()[GetParam()]);
  const survey found = make_survey(on);
  ASSERT_FALSE(HasFailure());
  const std::size_t count = found.moments.size();
  int failures = 0;
  const std::vector<std::size_t> stops = sampled(count + 1, count < few ? count + 1 : some);
  for (const std::size_t when : stops) {
    const bool before_the_end = when != count;
    test_support::child judge([&] {
      if (before_the_end)
        die_at(on, found.stop_at(fate::kind::kill, found.moments[when]), found.moment(when));
      else
        die_at(on, {.what = fate::kind::kill, .at = never}, std::nullopt);
    });
    const auto outcome = end_of(judge);
    EXPECT_EQ(outcome, 0) << on.what().name() << ", killed after instruction "
                          << (before_the_end ? found.moment(when).step : found.steps);
    failures += outcome == 0 ? 0 : 1;
  }
  report("kill", on.what().run.member, on.what().path,
         {.instructions = found.steps,
          .images = found.images(),
          .places = count + 1,
          .stops = stops.size(),
          .failures = failures});
}

INSTANTIATE_TEST_SUITE_P(In, Death, testing::Range(std::size_t{0}, mutations().size()),
                         [](const auto& each) { return mutations()[each.param].name(); });

}  // namespace
}  // namespace step_tests
