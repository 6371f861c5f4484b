// What the histories stand on: stamps of different processors can be compared, and processes are
// interrupted, and killed, inside their calls.

#include <gtest/gtest.h>
#include <support/child.hpp>
#include <support/shared_page.hpp>

#include "book.hpp"

#include <atomic>
#include <csignal>

namespace linearizability {
namespace {

using test_support::shared_page;

// Two processes hand a ball to each other: whoever gets it takes a stamp after the one that the
// other took before throwing it.
TEST(Stamps, OfTwoProcessesAreInTheOrderOfWhatHappened) {
  struct court {
    std::atomic<std::uint64_t> side{0};
    std::uint64_t thrown = 0;
  };
  constexpr std::uint64_t throws = 1'000;
  const shared_page<court> shared;
  const auto play = [&](std::uint64_t me) {
    int backwards = 0;
    for (std::uint64_t i = me; i < throws; i += 2) {
      if (!test_support::eventually([&] { return shared->side == i; })) return -1;
      backwards += stamp() < shared->thrown;
      shared->thrown = stamp();
      shared->side = i + 1;
    }
    return backwards;
  };
  test_support::child other([&] { return play(1) == 0 ? 0 : 1; });
  EXPECT_EQ(play(0), 0);
  EXPECT_EQ(other.wait(), 0);
}

// With atomic accesses: the thread sanitizer lets no signal through elsewhere.
void work_for_a_while(const std::atomic<std::uint64_t>& something) {
  for (int i = 0; i != 10'000; ++i)
    static_cast<void>(something.load());
}

TEST(Interruptions, HappenInsideCalls) {
  const shared_page<book> shared;
  test_support::child busy([&] {
    const suspender interrupted(1, shared->inside);
    return test_support::eventually([&] {
      suspender::enter();
      work_for_a_while(shared->inside);
      suspender::leave();
      return shared->inside > 100;
    });
  });
  EXPECT_EQ(busy.wait(), 1) << "eventually() gave up";
}

// But for those that come between the last stamp and the end of the call.
TEST(Interruptions, KillInsideACallWhichStaysPending) {
  constexpr std::uint64_t rounds = 20;
  std::uint64_t pending = 0;
  for (std::uint64_t round = 0; round != rounds; ++round) {
    const shared_page<book> shared;
    test_support::child victim([&] {
      const suspender interrupted(round, shared->inside);
      for (int calls = 0; shared->has_room(); ++calls) {
        if (calls == 10) suspender::kill_at_next();
        operation& op = shared->begin({});
        work_for_a_while(shared->inside);
        shared->complete(op, book::end());
      }
    });
    EXPECT_EQ(victim.wait().signal, SIGKILL);
    const auto written = shared->operations();
    ASSERT_GT(written.size(), 10u);
    pending += written.back().pending() ? 1u : 0u;
    for (const operation& op : written.first(written.size() - 1))
      EXPECT_LE(op.invoked, op.returned);
  }
  EXPECT_GT(pending, rounds / 2);
}

}  // namespace
}  // namespace linearizability
