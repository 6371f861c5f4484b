// A scenario made ready, as often as it is needed, and the process that plays it.
#pragma once

#include <step/control.hpp>
#include <step/image.hpp>
#include <step/scenario.hpp>
#include <step/stepper.hpp>
#include <support/child.hpp>
#include <support/names.hpp>
#include <support/shared_page.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace step_tests {

class stage {
 public:
  explicit stage(const scenario& what);

  const scenario& what() const { return what_; }
  const test_support::scoped_name& name() const { return name_; }
  // All that returned before the stepped call.
  const contents& before() const { return before_; }
  // And that call, if it is done.
  const contents& after() const { return after_; }
  const answer& expected() const { return expected_; }
  // Sees all that a run may change.
  std::unique_ptr<image_watch> watch() const;
  // The map as prepared, and attached to it one who will be there when the stepped process is gone;
  // nobody if there is no map yet.
  std::unique_ptr<actor> begin() const;

 private:
  scenario what_;
  test_support::scoped_name name_;
  map_image prepared_;
  contents before_;
  contents after_;
  answer expected_;
  std::vector<std::uint32_t> pages_;
};

// Plays the scenario on a map that has begun, and leaves the answer in `control`.
test_support::child play(const stage& on, const fate& wanted, control_page& control);
// Waits for the end of a process without looking again and again.
test_support::outcome end_of(test_support::child& process);

// What a survey found: each moment at which others see something else than one instruction before.
struct survey {
  std::uint64_t steps = 0;
  std::vector<moment> moments;
};
survey make_survey(const stage& on);

}  // namespace step_tests
