// P4, once more: one process is killed at a moment of a call; the next one, which takes the mutex
// from it and settles what it left, or sweeps what it held, is killed too, at any moment. What the
// second one leaves is taken from a process that stands still there: of a dead one just that would
// be left (README.md).

#include <gtest/gtest.h>
#include <step/aftermath.hpp>
#include <step/report.hpp>
#include <step/stage.hpp>
#include <twinmap/bytes_map.hpp>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace step_tests {
namespace {

constexpr std::size_t some_fixed_up = 40;
constexpr std::size_t some_swept = 12;  // each takes long
constexpr std::size_t some_first = 3;
constexpr std::size_t some_second = 5;

// What is left by a process that is killed at that moment, and by nobody else. Nothing if there is
// no map, or none that anybody may write to.
std::optional<map_image> wreck_of(const stage& on, const fate& death) {
  test_support::child judge([&] {
    const auto survivor = on.begin();
    test_support::shared_page<control_page> control;
    test_support::child victim = play(on, death, *control);
    EXPECT_EQ(end_of(victim).signal, SIGKILL);
  });
  EXPECT_EQ(end_of(judge), 0);
  if (!std::filesystem::exists(on.name().segment_file()) || inside_of(on)->retired())
    return std::nullopt;
  return map_image(on.name());
}

contents seen_in(const stage& on) {
  contents seen;
  const twinmap::bytes_map map(twinmap::open_read_only, on.name());
  map.for_each([&seen](std::string_view key, std::string_view value) { seen.emplace(key, value); });
  return seen;
}

// Images that differ from all that were met before in this scenario.
class recovery {
 public:
  recovery(const scenario& first, std::string member) : on_(first), member_(std::move(member)) {}

  void after_deaths_of(const survey& found, const std::vector<std::size_t>& moments) {
    std::set<std::uint64_t> images;
    for (const std::size_t moment : moments) {
      if (testing::Test::HasFailure() || !images.insert(found.moment(moment).image).second)
        continue;
      const auto wreck = wreck_of(on_, found.stop_at(fate::kind::kill, found.moments[moment]));
      if (!wreck) continue;
      kill_everywhere(stage(on_, *wreck, seen_in(on_), {member_}));
      EXPECT_FALSE(testing::Test::HasFailure())
          << "the first was killed after instruction " << found.moment(moment).step;
    }
  }
  // The first one, so many instructions.
  void takes(std::uint64_t steps) { figures_.instructions = steps; }
  const stage& on() const { return on_; }
  const figures_of_a_run& figures() const { return figures_; }

 private:
  // As its moments pass: where it is told to, a look at the files.
  void visit(const stage& second, const std::function<void(const place& moment)>& look) {
    second.restore();
    test_support::shared_page<control_page> control;
    test_support::child stepped = play(second, {.what = fate::kind::visit}, *control);
    while (stands_still(stepped, *control) && control->now() == phase::frozen) {
      look(control->at(control->places() - 1));
      control->resume();
    }
    EXPECT_EQ(end_of(stepped), 0) << second.what().name();
    EXPECT_TRUE(control->complete());
  }

  void kill_everywhere(const stage& second) {
    std::vector<std::uint64_t> fresh;
    visit(second, [&](const place& moment) {
      if (met_.insert(moment.image).second) fresh.push_back(moment.image);
    });
    std::set<std::uint64_t> wanted;
    for (const std::size_t i : sampled(fresh.size(), some_second))
      wanted.insert(fresh[i]);
    std::vector<map_image> found;
    visit(second, [&](const place& moment) {
      if (wanted.erase(moment.image) != 0) found.emplace_back(second.name());
    });
    EXPECT_TRUE(wanted.empty()) << second.what().name() << " went another way";
    figures_.images = met_.size();
    figures_.places += fresh.size();
    for (const map_image& left : found) {
      left.restore();
      test_support::child judge([&] { settle(second, nullptr, either_way(second, false)); });
      const auto outcome = end_of(judge);
      EXPECT_EQ(outcome, 0) << second.what().name();
      ++figures_.stops;
      figures_.failures += outcome == 0 ? 0 : 1;
    }
  }

  stage on_;
  std::string member_;
  std::set<std::uint64_t> met_;
  figures_of_a_run figures_;
};

void kill_in_recovery(const scenario& first, const std::string& member) {
  recovery all(first, member);
  const survey found = make_survey(all.on());
  all.takes(found.steps);
  if (testing::Test::HasFailure()) return;
  // Where nobody had the mutex there is nothing to fix up.
  std::vector<std::size_t> candidates;
  for (std::size_t i = 0; i != found.moments.size(); ++i)
    if (member != "tend" || found.moment(i).locked) candidates.push_back(i);
  std::vector<std::size_t> moments;
  for (const std::size_t i : sampled(candidates.size(), some_first))
    moments.push_back(candidates[i]);
  all.after_deaths_of(found, moments);
  if (!moments.empty()) report("kill in " + member, first.run.member, first.path, all.figures());
}

std::vector<std::size_t> of_maps_that_stay(std::size_t most) {
  std::vector<std::size_t> all;
  for (const std::size_t i : some_scenarios(mutations().size(), most))
    if (mutations()[i].run.member != "remove") all.push_back(i);
  return all;
}

class DeathInFixUp : public testing::TestWithParam<std::size_t> {};

TEST_P(DeathInFixUp, IsSettled) {
  if (!can_step) GTEST_SKIP() << "stepping takes x86's trap flag, and no sanitizer";
  kill_in_recovery(mutations()[GetParam()], "tend");
}

INSTANTIATE_TEST_SUITE_P(In, DeathInFixUp, testing::ValuesIn(of_maps_that_stay(some_fixed_up)),
                         [](const auto& each) { return mutations()[each.param].name(); });

class DeathInSweep : public testing::TestWithParam<std::size_t> {};

TEST_P(DeathInSweep, IsSettled) {
  if (!can_step) GTEST_SKIP() << "stepping takes x86's trap flag, and no sanitizer";
  kill_in_recovery(mutations()[GetParam()], "sweep");
}

INSTANTIATE_TEST_SUITE_P(In, DeathInSweep, testing::ValuesIn(of_maps_that_stay(some_swept)),
                         [](const auto& each) { return mutations()[each.param].name(); });

}  // namespace
}  // namespace step_tests
