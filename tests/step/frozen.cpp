#include "frozen.hpp"

#include <gtest/gtest.h>
#include <step/aftermath.hpp>
#include <step/report.hpp>
#include <twinmap/error.hpp>
#include <twinmap/platform/segment_file.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace step_tests {
namespace {

bool is(const answer& got, twinmap::errc error) {
  return got.error == static_cast<int>(error);
}

// A long value takes its time to copy.
std::uint64_t enough_steps_on(const stage& on) {
  std::size_t longest = 0;
  for (const contents* all : {&on.before(), &on.after()})
    for (const auto& [key, value] : *all)
      longest = std::max(longest, value.size());
  return enough_steps + steps_per_byte * longest;
}

// Whether its steps are to be few. To attach, to walk and to check takes as long as there is to
// look at; and where memory is used up it is long sought before there is none (P7).
bool is_bounded(const call& what, const stage& on) {
  static const std::set<std::string> long_ones{"open_or_create", "for_each", "check"};
  return !long_ones.contains(what.member) && !on.what().full;
}

void judge_meanwhile(const call& made, const answer& got, bool may_time_out, bool full) {
  const bool good = got.error == 0 || (may_time_out && is(got, twinmap::errc::lock_timeout)) ||
                    (full && is(got, twinmap::errc::no_space));
  EXPECT_TRUE(good) << made.member << " of " << testing::PrintToString(made.key) << ": error "
                    << got.error;
  if (made.member == "for_each" || made.member == "load_many") {
    EXPECT_FALSE(got.yes) << "a key came twice, or was not counted";
  }
  // What the stopped one has half done is nothing to complain of.
  if (made.member == "check") {
    EXPECT_FALSE(got.yes) << "the checker found something";
  }
}

history work(actor& by, const freeze& how) {
  history made;
  for (const call& each : how.meanwhile) {
    const bool may_time_out = how.may_time_out(each);
    const bool counted = how.counted && !may_time_out && is_bounded(each, how.on);
    const effort before = effort_so_far();
    const auto begin = std::chrono::steady_clock::now();
    const answer got = by.perform(each, counted);
    const effort after = effort_so_far();
    made.push_back({each, got});
    // For who is not counted: less than the time that it would wait for the mutex.
    constexpr auto long_wait = std::chrono::seconds(5);
    EXPECT_TRUE(counted || std::chrono::steady_clock::now() - begin < long_wait) << each.member;
    EXPECT_LE(after.steps - before.steps, enough_steps_on(how.on)) << each.member;
    EXPECT_EQ(after.waits, before.waits) << each.member << " waited";
    judge_meanwhile(each, got, may_time_out, how.on.what().full);
  }
  return made;
}

void judge_answer(const scenario& what, const answer& got) {
  const call& stopped = what.run;
  // Who creates may find that another one was faster.
  const bool beaten = stopped.member == "create_only" && is(got, twinmap::errc::already_exists);
  const bool refused = what.error != 0 && got.error == what.error;
  EXPECT_TRUE(got.error == 0 || beaten || refused) << "the stopped call: error " << got.error;
  if (stopped.member == "for_each" || stopped.member == "load_many") {
    EXPECT_FALSE(got.yes) << "a key came twice, or was not counted";
  }
}

// Which files the names lead to.
struct names {
  explicit names(const test_support::scoped_name& name)
      : segment(twinmap::platform::identity_of(name.segment_file())),
        lock(twinmap::platform::identity_of(name.lock_file())) {}
  std::optional<twinmap::platform::file_identity> segment;
  std::optional<twinmap::platform::file_identity> lock;
};

}  // namespace

void stand_still(const freeze& how) {
  const stage& on = how.on;
  auto other = on.begin(how.lock_timeout);
  if (other == nullptr) other = on.newcomer(how.lock_timeout);
  const names before(on.name());
  test_support::shared_page<control_page> control;
  test_support::child stopped = play(on, how.stop, *control);
  ASSERT_TRUE(stands_still(stopped, *control)) << "it died: " << stopped.wait();
  EXPECT_EQ(control->now(), phase::frozen) << "it came to its end";
  EXPECT_EQ(control->stopped_at(), how.instruction) << "not where the survey was";
  arm({.what = fate::kind::count}, *control, nullptr, on.file_system());
  const history meanwhile = work(*other, how);
  const names made(on.name());
  control->resume();
  constexpr auto long_enough = std::chrono::seconds(20);
  EXPECT_EQ(stopped.wait(long_enough), 0);
  const answer got = read_answer(control->answer());
  judge_answer(on.what(), got);
  if (made.segment != before.segment) {
    EXPECT_EQ(names(on.name()).segment, made.segment) << "a map that was made meanwhile has gone";
    EXPECT_EQ(names(on.name()).lock, made.lock) << "its lock file has gone";
  }
  const possibilities ends = ends_of(on, meanwhile, got);
  for (const auto& [key, values] : ends)
    EXPECT_FALSE(values.empty()) << testing::PrintToString(key) << ": not linearizable";
  // A new map under the name of one that was removed has none of its keys.
  const bool removed = on.what().run.member == "remove";
  settle(on, other.get(), removed ? either_way(on, false) : ends);
}

void freeze_everywhere(const std::string& what, const survey& found, std::size_t most, freeze how,
                       bool counted) {
  std::set<std::size_t> places;
  for (const std::size_t i : sampled(found.places.size(), most))
    places.insert(i);
  for (const std::size_t i : sampled(found.moments.size(), most)) {
    places.insert(found.moments[i]);
    // And right before it: what it is about to change is something else by then.
    if (found.moments[i] != 0) places.insert(found.moments[i] - 1);
  }
  places.erase(places.begin(), places.lower_bound(how.first));
  int failures = 0;
  for (const std::size_t at : places) {
    how.stop = found.stop_at(fate::kind::freeze, at);
    how.instruction = found.places[at].instruction;
    how.counted = counted && found.places[at].moment;
    test_support::child judge([&how] { stand_still(how); });
    const auto outcome = end_of(judge);
    EXPECT_EQ(outcome, 0) << how.on.what().name() << ", frozen after instruction "
                          << found.places[at].step;
    failures += outcome == 0 ? 0 : 1;
  }
  const call& run = how.on.what().run;
  report(what, run.member, how.on.what().path,
         {.instructions = found.steps,
          .images = found.images(),
          .places = found.places.size(),
          .stops = places.size(),
          .failures = failures});
}

}  // namespace step_tests
