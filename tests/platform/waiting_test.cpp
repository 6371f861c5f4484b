// What a waiter does while somebody who lives has the mutex: how often it looks after him (P4), and
// that it forgets nobody who sleeps beside it.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <support/child.hpp>
#include <support/privilege.hpp>
#include <support/shared_page.hpp>
#include <support/syscalls.hpp>
#include <support/touches.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>

#include "toy_map.hpp"

namespace platform_test {
namespace {

using twinmap::errc;

class Waiting : public testing::Test {
 protected:
  // How often one who waits so long for the mutex looks after its owner.
  long probes_within(std::chrono::milliseconds timeout) const {
    const auto counted =
        test_support::count_syscalls([&](const test_support::syscall_marks& marks) {
          toy_map map = toy_map::attach(location_of(name_));
          const lease mine = map.take();
          marks.begin();
          EXPECT_EQ(code_of_call([&] { map.pass(mine, 0us, timeout); }), errc::lock_timeout);
          marks.end();
        });
    EXPECT_EQ(counted.ended, 0);
    EXPECT_TRUE(counted.marked);
    const auto probes = counted.by_number.find(SYS_fcntl);
    return probes == counted.by_number.end() ? 0 : probes->second;
  }
  std::atomic<std::uint32_t>& word() { return map_.header().mutex_word; }

  const test_support::scoped_name name_;
  toy_map map_ = toy_map::attach(location_of(name_));
  const lease mine_ = map_.take();
  const lease theirs_ = map_.take();
};

// Slices end 1, 3, 7, 15, 31, 63, 127 and 227 ms after the wait began, then at 327: a release at
// 240 ms that woke nobody would be noticed 87 ms later.
TEST_F(Waiting, EndsAtOnceWithAnUnlock) {
  auto quickest = std::chrono::steady_clock::duration::max();
  for (int round = 0; round != 4; ++round) {
    robust_mutex mutex = map_.mutex(mine_);
    mutex.lock();
    test_support::child sleeper([this] {
      toy_map map = toy_map::attach(location_of(name_));
      return map.pass(map.take()) ? 1 : 0;
    });
    ASSERT_TRUE(
        test_support::eventually([this] { return (word() & mutex_layout::waiter_bit) != 0; }));
    std::this_thread::sleep_for(240ms);
    const auto before = std::chrono::steady_clock::now();
    mutex.unlock();
    EXPECT_EQ(sleeper.wait(), 0);
    quickest = std::min(quickest, std::chrono::steady_clock::now() - before);
  }
  EXPECT_LT(quickest, 40ms);
}

// Ever more rarely: nine times in the first 327 ms.
TEST_F(Waiting, IsNoStormOfProbes) {
  TWINMAP_REQUIRE_PRIVILEGE(ptrace);
  word() = mutex_layout::owner_word(theirs_.id());
  const long probes = probes_within(327ms);
  EXPECT_GT(probes, 0);
  EXPECT_LE(probes, 20);
}

// And as often as at first if the owner is another one: about three times in 10 ms.
TEST_F(Waiting, EachNewOwnerIsLookedAfterAnew) {
  TWINMAP_REQUIRE_PRIVILEGE(ptrace);
  word() = mutex_layout::owner_word(theirs_.id());
  std::atomic<bool> over{false};
  std::thread owners([&] {
    for (bool mine = true; !over; mine = !mine) {
      word() =
          mutex_layout::owner_word(mine ? mine_.id() : theirs_.id()) | mutex_layout::waiter_bit;
      std::this_thread::sleep_for(10ms);
    }
  });
  EXPECT_GT(probes_within(600ms), 40);
  over = true;
  owners.join();
}

// Who has once begun to wait takes the mutex with the bit, whenever it comes free: others may be
// asleep, and only its unlock would wake them.
TEST_F(Waiting, EndsWithTheBitForThoseWhoSleepBesideIt) {
  if (!test_support::can_come_between) GTEST_SKIP() << "takes x86's trap flag, and no sanitizer";
  constexpr std::size_t first_spins = 130;  // and the two attempts before them
  for (std::size_t place = first_spins + 1; place != first_spins + 12; ++place) {
    word() = mutex_layout::owner_word(theirs_.id());
    robust_mutex mutex = map_.mutex(mine_, 100ms);
    std::size_t here = 0;
    test_support::watch_accesses(
        &map_.header(), toy_page, [&] { mutex.lock(); },
        [&](std::uintptr_t) {
          if (here++ != place) return true;
          word() = 0;
          return false;
        });
    EXPECT_EQ(word(), mutex_layout::owner_word(mine_.id()) | mutex_layout::waiter_bit)
        << "free before access " << place;
    mutex.unlock();
  }
}

}  // namespace
}  // namespace platform_test
