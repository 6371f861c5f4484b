#include "stage.hpp"

#include <gtest/gtest.h>
#include <malloc.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <twinmap/bytes_map.hpp>
#include <twinmap/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <map>
#include <utility>

namespace step_tests {
namespace {

using figures = std::map<std::string, std::uint64_t>;
figures figures_of(const stage& on) {
  figures all;
  if (!std::filesystem::exists(on.name().segment_file())) return all;
  const auto stats = twinmap::bytes_map(twinmap::open_read_only, on.name()).stats();
  twinmap::for_each_field(stats,
                          [&all](const char* name, std::uint64_t value) { all[name] = value; });
  return all;
}

// In a process of its own, as all that is played: a stepped process then always finds the same.
void run_whole(const stage& on, const fate& wanted, control_page& control) {
  test_support::child judge([&] {
    const auto survivor = on.begin();
    const figures before = figures_of(on);
    test_support::child whole = play(on, wanted, control);
    EXPECT_EQ(end_of(whole), 0);
    if (const std::string& proof = on.what().proof; !proof.empty()) {
      EXPECT_NE(before.at(proof), figures_of(on).at(proof))
          << proof << ": not the path it is named after";
    }
  });
  EXPECT_EQ(end_of(judge), 0) << on.what().name();
  EXPECT_EQ(read_answer(control.answer()), on.expected()) << on.what().name() << ", undisturbed";
}

// Whether malloc asks the kernel for more must not depend on what else was allocated: that would be
// one place more.
void have_enough_of_a_heap() {
  constexpr int enough = 1 << 20;
  ::mallopt(M_TOP_PAD, enough);
  ::mallopt(M_TRIM_THRESHOLD, 4 * enough);
  ::mallopt(M_MMAP_THRESHOLD, enough);
  std::free(std::malloc(enough - 1));
}

}  // namespace

stage::stage(const scenario& what)
    : what_(what), name_(std::make_shared<test_support::scoped_name>()), prepared_(prepare()) {
  for (const call& each : what.prepare + what.approach + calls{what.run})
    if (!each.key.empty()) keys_.insert(each.key);
  expect(before_, what.approach);
  play_undisturbed();
}

map_image stage::prepare() {
  const auto by = newcomer();
  for (const call& each : what_.prepare) {
    const answer got = by->perform(each);
    if (what_.full && got.error == static_cast<int>(twinmap::errc::no_space)) continue;
    EXPECT_EQ(got, expect(before_, each)) << what_.name() << ", prepared by " << each.member;
  }
  by->perform(calls{{"close"}});
  return map_image(name());
}

stage::stage(const stage& first, const map_image& wreck, const contents& seen, const call& run)
    : what_(first.what_), name_(first.name_), before_(seen), prepared_(wreck), keys_(first.keys_) {
  what_.path = run.member + "After_" + what_.name();
  what_.approach = {{"open_only"}};
  what_.run = run;
  what_.proof.clear();
  what_.error = 0;
  if (!run.key.empty()) keys_.insert(run.key);
  play_undisturbed();
}

void stage::play_undisturbed() {
  after_ = before_;
  expected_ = what_.error == 0 ? expect(after_, what_.run) : answer{.error = what_.error};
  restore();
  const std::vector<std::uint32_t> first = touched_pages(name().segment_file());
  test_support::shared_page<control_page> control;
  run_whole(*this, {}, *control);
  const std::vector<std::uint32_t> last = touched_pages(name().segment_file());
  std::set_union(first.begin(), first.end(), last.begin(), last.end(), std::back_inserter(pages_));
}

std::unique_ptr<actor> stage::newcomer(std::chrono::nanoseconds lock_timeout) const {
  twinmap::options wanted = small_map();
  wanted.lock_timeout = lock_timeout;
  wanted.max_entries = what_.max_entries;
  return make_actor(what_.kind, name(), wanted);
}

dev_t stage::file_system() const {
  struct stat status {};
  EXPECT_EQ(::stat(name().directory().c_str(), &status), 0);
  return status.st_dev;
}

std::unique_ptr<image_watch> stage::watch() const {
  return std::make_unique<image_watch>(name().segment_file(), pages_, prepared_.resident());
}

std::unique_ptr<actor> stage::begin(std::chrono::nanoseconds lock_timeout) const {
  prepared_.restore();
  auto survivor = newcomer(lock_timeout);
  const bool attached = survivor->perform({"open_only"}) == answer{};
  return attached ? std::move(survivor) : nullptr;
}

namespace {

// Whether glibc's memmove copies from the front or from the back depends on where within their
// pages the two addresses are. So that a call goes the same way each time, its stack begins at the
// same place of a page, however deep within a test it is made.
[[gnu::noinline]] answer perform_at_start_of_a_page(actor& by, const call& what) {
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  const std::uintptr_t page = 4096;
  auto* const room = static_cast<volatile char*>(__builtin_alloca(page + here % page));
  *room = 0;
  return by.perform(what, true);
}

}  // namespace

test_support::child play(const stage& on, const fate& wanted, control_page& control) {
  return test_support::child([&on, &wanted, &control] {
    mappings inherited;
    inherited.find(on.file_system(), {});
    const auto own = on.newcomer();
    own->perform(on.what().approach);
    const auto watch = wanted.watches() ? on.watch() : nullptr;
    have_enough_of_a_heap();
    arm(wanted, control, watch.get(), on.file_system(), inherited);
    control.set(phase::stepping);
    const answer got = perform_at_start_of_a_page(*own, on.what().run);
    control.returned(written(got), effort_so_far().steps);
    if (wanted.what == fate::kind::kill) ::kill(::getpid(), SIGKILL);
  });
}

bool stands_still(test_support::child& process, control_page& control) {
  for (phase seen = control.now(); !control.stopped(); seen = control.now()) {
    if (!process.running()) return control.stopped();
    control.wait_while(seen);
  }
  return true;
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
  EXPECT_TRUE(control->complete()) << "more places than there is room for, or one went unseen";
  survey found{.steps = control->steps(), .places = {}, .moments = {}};
  for (std::size_t i = 0; i != control->places(); ++i) {
    found.places.push_back(control->at(i));
    if (control->at(i).moment) found.moments.push_back(i);
  }
  return found;
}

fate survey::stop_at(fate::kind what, std::size_t at) const {
  fate found{.what = what, .at = at};
  std::map<std::uint64_t, std::uint64_t> touches;
  bool counted = true;
  std::uint64_t kernel_calls = 0;
  std::size_t least = at;  // events until then
  const auto consider = [&](std::optional<std::uint64_t> page, std::uint64_t events,
                            std::size_t end) {
    if (const std::size_t all = events + kernel_calls + at - end; all < least) {
      least = all;
      found.past = {.page = page, .events = events, .places = end};
    }
  };
  for (std::size_t i = 0; i != std::min(at, places.size()); ++i) {
    if (places[i].after_call) consider({}, ++kernel_calls, i + 1);
    if (places[i].many_pages) counted = false;
    if (const auto page = places[i].page; page && counted) consider(page, ++touches[*page], i + 1);
  }
  return found;
}

std::size_t survey::images() const {
  std::set<std::uint64_t> all;
  for (const std::size_t each : moments)
    all.insert(places[each].image);
  return all.size();
}

}  // namespace step_tests
