// The harness before anything that trusts it: children report how they ended and never outlive a
// test.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>
#include <support/child.hpp>
#include <support/shared_page.hpp>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace test_support {
namespace {

TEST(Child, HandsBackWhatItsBodyReturned) {
  EXPECT_EQ(child([] { return 7; }).wait(), 7);
  EXPECT_EQ(child([] {}).wait(), 0);
}

TEST(Child, TurnsAnExceptionIntoItsExitCode) {
  EXPECT_EQ(child([] { throw std::runtime_error("on purpose"); }).wait(), exit_on_exception);
}

TEST(Child, TurnsAFailedExpectationIntoItsExitCode) {
  EXPECT_EQ(child([] { ADD_FAILURE() << "on purpose, in the child"; }).wait(), exit_on_failure);
}

// A child inherits its parent's failures, and is judged by its own.
TEST(Child, AnswersForItsOwnFailedExpectationsOnly) {
  child failed([] {
    ADD_FAILURE() << "on purpose, in the child";
    const bool fine = child([] {}).wait() == 0;
    const bool noticed = child([] { ADD_FAILURE() << "again"; }).wait() == exit_on_failure;
    ::_exit(fine && noticed ? 0 : 1);
  });
  EXPECT_EQ(failed.wait(), 0);
}

TEST(Child, IsSeenRunningStoppedContinuedAndKilled) {
  struct state {
    std::atomic<long> beats{0};
  };
  const shared_page<state> seen;
  child beating([&] {
    while (true)
      ++seen->beats;
  });
  ASSERT_TRUE(eventually([&] { return seen->beats > 0; }));
  beating.stop();
  const long at_stop = seen->beats;
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(seen->beats, at_stop);
  EXPECT_TRUE(beating.running());
  beating.cont();
  EXPECT_TRUE(eventually([&] { return seen->beats > at_stop; }));
  beating.kill(SIGKILL);
  const outcome ended = beating.wait();
  EXPECT_EQ(ended.signal, SIGKILL);
  EXPECT_FALSE(ended == 0);
  EXPECT_FALSE(beating.running());
}

TEST(Child, IsKilledWhenItDoesNotEndInTime) {
  child endless([] {
    while (true)
      ::pause();
  });
  EXPECT_TRUE(endless.wait(std::chrono::milliseconds(20)).timed_out);
}

TEST(Child, IsReapedByTheDestructorAlsoAfterAMove) {
  pid_t pid = 0;
  {
    std::vector<child> children;
    for (int i = 0; i < 3; ++i)
      children.emplace_back([] { return ::pause(); });
    child moved = std::move(children.back());
    pid = moved.pid();
  }
  EXPECT_NE(::kill(pid, 0), 0);
}

TEST(Child, DiesWithItsParentUnlessToldOtherwise) {
  struct state {
    std::atomic<pid_t> pid{0};
    std::atomic<long> beats{0};
  };
  const auto survives_its_parent = [](child_options options) {
    const shared_page<state> grandchild;
    child parent([&] {
      const auto beat = [&] {
        grandchild->pid = ::getpid();
        while (true)
          ++grandchild->beats;
      };
      child(beat, options).release();
      return eventually([&] { return grandchild->beats > 0; }) ? 0 : 1;
    });
    EXPECT_EQ(parent.wait(), 0);
    const long at_death =
        grandchild->beats;  // whoever reaps it may leave it a zombie: look for life, not for a pid
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const bool alive = grandchild->beats > at_death;
    if (alive) ::kill(grandchild->pid, SIGKILL);
    return alive;
  };
  EXPECT_FALSE(survives_its_parent({}));
  EXPECT_TRUE(survives_its_parent({.outlives_parent = true}));
}

TEST(StartGate, OpensForAllAtOnceAndGivesUpOnTheMissing) {
  const shared_page<start_gate> gate;
  std::vector<child> children;
  for (int i = 0; i < 3; ++i) {
    children.emplace_back([&] { return gate->arrive_and_wait() ? 0 : 1; });
  }
  EXPECT_TRUE(gate->open_for(3));
  for (child& each : children)
    EXPECT_EQ(each.wait(), 0);

  const shared_page<start_gate> incomplete;
  EXPECT_FALSE(incomplete->open_for(1, std::chrono::milliseconds(10)));
  const shared_page<start_gate> never_opened;
  EXPECT_FALSE(never_opened->arrive_and_wait(std::chrono::milliseconds(10)));
}

}  // namespace
}  // namespace test_support
