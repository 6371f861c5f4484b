// P4, P8: who cannot attach to what he has made takes the name back, if it still is that map's and
// nobody else has come to write to it. He stands still wherever others can tell it.

#include <gtest/gtest.h>
#include <step/aftermath.hpp>
#include <step/frozen.hpp>
#include <step/report.hpp>
#include <twinmap/bytes_map.hpp>
#include <twinmap/error.hpp>

#include <filesystem>
#include <string>

namespace step_tests {
namespace {

// Nobody can attach beside a lock file that is none.
stage beside_a_stray_file() {
  return stage({.path = "BesideAStrayFile",
                .prepare = {{"leave_a_stray_file"}},
                .approach = {},
                .run = {"create_only"},
                .error = static_cast<int>(twinmap::errc::corrupted)});
}

// Most places are in what nobody sees, as it has no name yet: only the long form stops there.
std::size_t first_to_stop_at(const survey& found, std::size_t behind_the_name) {
  const std::size_t count = found.places.size();
  EXPECT_GT(count, behind_the_name);
  return count - some_scenarios(count, behind_the_name).size();
}

// Somebody else removes his map meanwhile, and makes the next one.
TEST(FrozenCreatorInVain, TakesNobodyElsesNameBack) {
  if (!can_step) GTEST_SKIP() << "stepping takes x86's trap flag, and no sanitizer";
  const stage on = beside_a_stray_file();
  const survey found = make_survey(on);
  ASSERT_FALSE(HasFailure());
  const std::string key = key_of(flavour::texts, 3);
  const calls meanwhile{{"remove"},
                        {"clear_the_lock_file"},
                        {"open_or_create"},
                        {"store", key, value_of(flavour::texts, 3)},
                        {"load", key}};
  constexpr std::size_t all = 1000;
  freeze_everywhere("freeze creator", found, all,
                    {.on = on, .meanwhile = meanwhile, .first = first_to_stop_at(found, 80)},
                    false);
}

// Somebody else puts the lock file right, attaches to that very map, and writes. Had the call
// returned, its value stays; the name is good for the next one in any case.
void write_beside_one_who_stands_still(const stage& on, const fate& stop) {
  constexpr const char* key = "key";
  on.restore();
  test_support::shared_page<control_page> control;
  test_support::child stopped = play(on, stop, *control);
  ASSERT_TRUE(stands_still(stopped, *control));
  EXPECT_EQ(control->now(), phase::frozen);
  std::filesystem::remove(on.name().lock_file());
  bool written = false;
  try {
    twinmap::bytes_map other(twinmap::open_only, on.name(), small_map());
    other.store(key, "value");
    written = true;
  } catch (const twinmap::error&) {
    // There is no map of that name yet, or none any more that takes a change.
  }
  control->resume();
  EXPECT_EQ(end_of(stopped), 0);
  twinmap::bytes_map next(twinmap::open_or_create, on.name(), small_map());
  EXPECT_EQ(next.load(key).has_value(), written);
  next.store(key, "next");
  EXPECT_EQ(next.load(key), "next");
}

TEST(FrozenCreatorInVain, LosesNothingThatAnotherOneWrote) {
  if (!can_step) GTEST_SKIP() << "stepping takes x86's trap flag, and no sanitizer";
  const stage on = beside_a_stray_file();
  const survey found = make_survey(on);
  ASSERT_FALSE(HasFailure());
  for (std::size_t at = first_to_stop_at(found, 80); at != found.places.size(); ++at) {
    test_support::child judge(
        [&] { write_beside_one_who_stands_still(on, found.stop_at(fate::kind::freeze, at)); });
    ASSERT_EQ(end_of(judge), 0) << "frozen after instruction " << found.places[at].step;
  }
}

}  // namespace
}  // namespace step_tests
