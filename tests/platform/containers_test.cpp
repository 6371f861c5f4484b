// Processes that are all pid 1 of PID namespaces of their own share a mutex (P10): a death is never
// taken for another's.
#include <gtest/gtest.h>
#include <signal.h>
#include <support/child.hpp>
#include <support/privilege.hpp>
#include <support/sandbox.hpp>
#include <support/shared_page.hpp>

#include "toy_map.hpp"

namespace platform_test {
namespace {

using test_support::child;
using test_support::eventually;
using test_support::in_pid_namespace;
using test_support::scoped_name;
using test_support::shared_page;

struct stage {
  std::atomic<int> inside{0};
  std::atomic<int> waiting{0};
};

TEST(Containers, AKilledWaiterFreesNothingAndAKilledOwnerIsNoticed) {
  TWINMAP_REQUIRE_PRIVILEGE(pid_namespace);
  for (int round = 0; round != test_support::rounds(20, 200); ++round) {
    const scoped_name name;
    toy_map map = toy_map::attach(location_of(name));
    const lease mine = map.take();
    const shared_page<stage> on;
    child owner = in_pid_namespace([&] {
      toy_map theirs = toy_map::attach(location_of(name));
      const lease held = theirs.take();
      robust_mutex lock = theirs.mutex(held);
      lock.lock();
      theirs.enter(held, lock.taken_over());
      on->inside = ::getpid();
      for (;;)
        ::pause();
    });
    ASSERT_TRUE(eventually([&] { return on->inside == 1; }));
    child waiter = in_pid_namespace([&] {
      toy_map theirs = toy_map::attach(location_of(name));
      const lease held = theirs.take();
      on->waiting = ::getpid();
      theirs.pass(held);
    });
    ASSERT_TRUE(eventually([&] { return on->waiting == 1; }));
    std::this_thread::sleep_for(std::chrono::milliseconds(random_number() % 10));
    waiter.kill(SIGKILL);
    waiter.wait();
    std::string text;
    EXPECT_EQ(code_of_call([&] { map.pass(mine, 0us, 50ms); }, &text), twinmap::errc::lock_timeout);
    EXPECT_NE(text.find("pid 1 "), std::string::npos) << text;
    owner.kill(SIGKILL);
    owner.wait();
    EXPECT_TRUE(map.pass(mine));
    EXPECT_EQ(map.header().take_overs, 1u);
    EXPECT_EQ(map.header().violations, 0u);
  }
}

TEST(Containers, RandomKillsLetNobodyIntoAnothersSection) {
  TWINMAP_REQUIRE_PRIVILEGE(pid_namespace);
  const scoped_name name;
  toy_map map = toy_map::attach(location_of(name));
  const auto body = [&] {
    toy_map theirs = toy_map::attach(location_of(name));
    const lease held = theirs.take();
    for (;;)
      theirs.pass(held, std::chrono::microseconds(random_number() % 100));
  };
  child first = in_pid_namespace(body);
  child second = in_pid_namespace(body);
  for (int round = 0; round != 200; ++round) {
    std::this_thread::sleep_for(std::chrono::microseconds(random_number() % 5000));
    child& victim = random_number() % 2 == 0 ? first : second;
    victim.kill(SIGKILL);
    ASSERT_EQ(victim.wait().signal, SIGKILL);
    victim = in_pid_namespace(body);
  }
  EXPECT_EQ(map.header().violations, 0u);
  EXPECT_GT(map.header().first, 1000u);
}

}  // namespace
}  // namespace platform_test
