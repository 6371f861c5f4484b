#include "stage.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace step_tests {
namespace {

map_image prepare(const scenario& what, const test_support::scoped_name& name) {
  make_actor(what.kind, name)->perform(what.prepare);
  return map_image(name);
}

// In a process of its own, as all that is played: a stepped process then always finds the same.
void run_whole(const stage& on, const fate& wanted, control_page& control) {
  test_support::child judge([&] {
    const auto survivor = on.begin();
    test_support::child whole = play(on, wanted, control);
    EXPECT_EQ(end_of(whole), 0);
  });
  EXPECT_EQ(end_of(judge), 0) << on.what().name();
  EXPECT_EQ(read_answer(control.answer()), on.expected()) << on.what().name() << ", undisturbed";
}

}  // namespace

stage::stage(const scenario& what) : what_(what), prepared_(prepare(what, name_)) {
  expect(before_, what.prepare + what.approach);
  after_ = before_;
  expected_ = expect(after_, what.run);
  const std::vector<std::uint32_t> first = touched_pages(name_.segment_file());
  test_support::shared_page<control_page> control;
  run_whole(*this, {}, *control);
  const std::vector<std::uint32_t> last = touched_pages(name_.segment_file());
  std::set_union(first.begin(), first.end(), last.begin(), last.end(), std::back_inserter(pages_));
}

std::unique_ptr<image_watch> stage::watch() const {
  return std::make_unique<image_watch>(name_.segment_file(), pages_, prepared_.resident());
}

std::unique_ptr<actor> stage::begin() const {
  prepared_.restore();
  auto survivor = make_actor(what_.kind, name_);
  const bool attached = survivor->perform({"open_only"}) == answer{};
  return attached ? std::move(survivor) : nullptr;
}

test_support::child play(const stage& on, const fate& wanted, control_page& control) {
  return test_support::child([&on, &wanted, &control] {
    const auto own = make_actor(on.what().kind, on.name());
    own->perform(on.what().approach);
    const auto watch = wanted.watches() ? on.watch() : nullptr;
    arm(wanted, control, watch.get());
    control.set(phase::stepping);
    const answer got = own->perform(on.what().run, true);
    control.returned(written(got), steps_taken());
    if (wanted.what == fate::kind::kill) ::kill(::getpid(), SIGKILL);
  });
}

test_support::outcome end_of(test_support::child& process) {
  siginfo_t info = {};
  while (::waitid(P_PID, static_cast<id_t>(process.pid()), &info, WEXITED | WNOWAIT) != 0 &&
         errno == EINTR) {
  }
  return process.wait();
}

survey make_survey(const stage& on) {
  test_support::shared_page<control_page> control;
  run_whole(on, {.what = fate::kind::survey}, *control);
  EXPECT_TRUE(control->complete()) << "more moments than there is room for";
  survey found{.steps = control->steps(), .moments = {}};
  for (std::size_t i = 0; i != control->moments(); ++i)
    found.moments.push_back(control->at(i));
  return found;
}

}  // namespace step_tests
