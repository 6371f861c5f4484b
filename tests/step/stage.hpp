// A scenario made ready, as often as it is needed, and the process that plays it.
#pragma once

#include <step/control.hpp>
#include <step/image.hpp>
#include <step/scenario.hpp>
#include <step/stepper.hpp>
#include <support/child.hpp>
#include <support/names.hpp>
#include <support/shared_page.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace step_tests {

class stage {
 public:
  explicit stage(const scenario& what);
  // Another call, on a map as somebody left it who was killed on `first`, and as others saw it.
  stage(const stage& first, const map_image& wreck, const contents& seen, const call& run);

  const scenario& what() const { return what_; }
  const test_support::scoped_name& name() const { return *name_; }
  // All that returned before the stepped call.
  const contents& before() const { return before_; }
  // And that call, if it is done.
  const contents& after() const { return after_; }
  // All that were ever spoken of.
  const std::set<std::string>& keys() const { return keys_; }
  const answer& expected() const { return expected_; }
  // Sees all that a run may change.
  std::unique_ptr<image_watch> watch() const;
  // Who is not yet attached.
  std::unique_ptr<actor> newcomer(
      std::chrono::nanoseconds lock_timeout = small_map().lock_timeout) const;
  // The map as prepared, and attached to it one who will be there when the stepped process is gone;
  // nobody if there is no map yet.
  std::unique_ptr<actor> begin(
      std::chrono::nanoseconds lock_timeout = small_map().lock_timeout) const;

  void restore() const { prepared_.restore(); }

  // Where its files are.
  dev_t file_system() const;

 private:
  map_image prepare();
  void play_undisturbed();
  scenario what_;
  std::shared_ptr<const test_support::scoped_name> name_;
  contents before_;
  map_image prepared_;
  std::set<std::string> keys_;
  contents after_;
  answer expected_;
  std::vector<std::uint32_t> pages_;
};

// Plays the scenario on a map that has begun, and leaves the answer in `control`.
test_support::child play(const stage& on, const fate& wanted, control_page& control);
// Waits until a process that is played stands still, or its call has returned. False if it died.
bool stands_still(test_support::child& process, control_page& control);
// Waits for the end of a process without looking again and again.
test_support::outcome end_of(test_support::child& process);

// What a survey found (README.md): each place at which it makes a difference to stand still, and of
// these each at which it makes one to be killed.
struct survey {
  std::uint64_t steps = 0;
  std::vector<place> places;
  std::vector<std::size_t> moments;  // by their number among the places
  const place& moment(std::size_t i) const { return places[moments[i]]; }
  // To be stopped at that place: what comes before is hurried through.
  fate stop_at(fate::kind what, std::size_t place) const;
  // Images among those of the moments.
  std::size_t images() const;
};
survey make_survey(const stage& on);

}  // namespace step_tests
