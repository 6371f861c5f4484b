// One holder at a time whoever dies; nobody robbed who is merely stopped; nobody waits for the dead
// (P3, P4, P6).
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
#include <boost/interprocess/sync/scoped_lock.hpp>
#include <support/child.hpp>
#include <support/privilege.hpp>
#include <support/shared_page.hpp>
#include <support/syscalls.hpp>
#include <twinmap/platform/descriptor.hpp>
#include <twinmap/platform/ofd_lock.hpp>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "toy_map.hpp"

namespace platform_test {
namespace {

using test_support::child;
using test_support::eventually;
using test_support::scoped_name;
using test_support::shared_page;
using twinmap::errc;
using clock = std::chrono::steady_clock;

[[noreturn]] void sleep_till_killed() {
  for (;;)
    ::pause();
}

class RobustMutex : public testing::Test {
 protected:
  map_location where() const { return location_of(name_); }

  // A child that locks the mutex and stays inside, in the middle of a change.
  child holder() {
    child made([this] {
      toy_map map = toy_map::attach(where());
      const lease mine = map.take();
      robust_mutex lock = map.mutex(mine);
      lock.lock();
      map.enter(mine, lock.taken_over());
      *inside_ = true;
      sleep_till_killed();
    });
    EXPECT_TRUE(eventually([this] { return inside_->load(); }));
    *inside_ = false;
    return made;
  }

  // A child that waits for the mutex, passes, and ends with how often it was taken over.
  child waiter() {
    const long before = *waiting_;
    child made([this] {
      toy_map map = toy_map::attach(where());
      const lease mine = map.take();
      ++*waiting_;
      return map.pass(mine) ? 1 : 0;
    });
    EXPECT_TRUE(eventually([&] { return *waiting_ > before; }));
    EXPECT_TRUE(
        eventually([&] { return (map_.header().mutex_word & mutex_layout::waiter_bit) != 0; }));
    std::this_thread::sleep_for(5ms);
    return made;
  }

  std::uint32_t word() const { return map_.header().mutex_word; }

  const scoped_name name_;
  toy_map map_ = toy_map::attach(where());
  const lease mine_ = map_.take();
  const shared_page<std::atomic<bool>> inside_;
  const shared_page<std::atomic<long>> waiting_;
};

TEST_F(RobustMutex, IsBoostsLockable) {
  robust_mutex mutex = map_.mutex(mine_);
  {
    boost::interprocess::scoped_lock<robust_mutex> lock(mutex);
    EXPECT_TRUE(lock.owns());
    EXPECT_EQ(mutex.holder(), mine_.id());
    EXPECT_EQ(word(), mutex_layout::owner_word(mine_.id()));
  }
  EXPECT_EQ(word(), 0u);
  EXPECT_EQ(mutex.holder(), lease_id());
  {
    boost::interprocess::scoped_lock<robust_mutex> lock(mutex, boost::interprocess::try_to_lock);
    EXPECT_TRUE(lock.owns());
  }
  const lease other = map_.take();
  robust_mutex theirs = map_.mutex(other);
  theirs.lock();
  const auto soon =
      boost::posix_time::microsec_clock::universal_time() + boost::posix_time::milliseconds(30);
  boost::interprocess::scoped_lock<robust_mutex> timed(mutex, soon);
  EXPECT_FALSE(timed.owns());
  EXPECT_FALSE(mutex.try_lock());
  theirs.unlock();
  EXPECT_TRUE(mutex.timed_lock(boost::posix_time::ptime(boost::posix_time::pos_infin)));
  mutex.unlock();
}

TEST_F(RobustMutex, UncontendedLockAndUnlockMakeNoSystemCall) {
  TWINMAP_REQUIRE_PRIVILEGE(ptrace);
  const auto count = test_support::count_syscalls([&](const test_support::syscall_marks& marks) {
    const lease mine = map_.take();
    robust_mutex mutex = map_.mutex(mine);
    marks.begin();
    for (int i = 0; i != 1000; ++i) {
      mutex.lock();
      mutex.unlock();
      if (mutex.try_lock()) mutex.unlock_without_wake();
    }
    marks.end();
  });
  EXPECT_TRUE(count.marked);
  // A sanitizer's own runtime asks for memory now and then, but not once a pass.
  constexpr long not_ours = test_support::sanitized ? 10 : 0;
  EXPECT_LE(count.total, not_ours);
}

TEST_F(RobustMutex, IsTakenOverFromTheKilledWithoutWaiters) {
  child dying = holder();
  dying.kill(SIGKILL);
  dying.wait();
  const auto before = clock::now();
  EXPECT_TRUE(map_.pass(mine_));
  EXPECT_LT(clock::now() - before, 100ms);
  EXPECT_FALSE(map_.pass(mine_));
  EXPECT_EQ(map_.header().violations, 0u);
}

TEST_F(RobustMutex, IsTakenOverFromTheKilledByOneOfItsWaiters) {
  child dying = holder();
  std::vector<child> waiters;
  for (int i = 0; i != 4; ++i)
    waiters.push_back(waiter());
  std::this_thread::sleep_for(300ms);  // until their slices are long
  const auto before = clock::now();
  dying.kill(SIGKILL);
  int take_overs = 0;
  for (child& one : waiters)
    take_overs += one.wait().exit_code;
  EXPECT_LT(clock::now() - before, 1s);
  EXPECT_EQ(take_overs, 1);
  EXPECT_EQ(map_.header().violations, 0u);
}

TEST_F(RobustMutex, TryLockProbesOnlyIfAskedAndThenTakesOver) {
  child dying = holder();
  robust_mutex mutex = map_.mutex(mine_);
  EXPECT_FALSE(mutex.try_lock());
  dying.kill(SIGKILL);
  dying.wait();
  EXPECT_FALSE(mutex.try_lock(false));
  EXPECT_TRUE(mutex.try_lock());
  EXPECT_TRUE(mutex.taken_over());
  mutex.unlock();
}

TEST_F(RobustMutex, TakeOverKeepsTheWaiterBit) {
  child dying = holder();
  child waiting = waiter();
  waiting.stop();  // it sleeps on, and cannot be the one who takes over
  dying.kill(SIGKILL);
  dying.wait();
  robust_mutex mutex = map_.mutex(mine_);
  mutex.lock();
  EXPECT_TRUE(mutex.taken_over());
  EXPECT_NE(word() & mutex_layout::waiter_bit, 0u);
  map_.enter(mine_, true);
  map_.leave();
  waiting.cont();
  mutex.unlock();
  EXPECT_EQ(waiting.wait(), 0);
}

TEST_F(RobustMutex, AStoppedHolderIsNamedAndNeverRobbed) {
  child stopped = holder();
  stopped.stop();
  std::string text;
  const auto before = clock::now();
  const auto code = code_of_call([&] { map_.pass(mine_, 0us, 300ms); }, &text);
  const auto waited = clock::now() - before;
  EXPECT_EQ(code, errc::lock_timeout);
  EXPECT_GE(waited, 300ms);
  EXPECT_LT(waited, 600ms);
  EXPECT_NE(text.find("pid " + std::to_string(stopped.pid())), std::string::npos) << text;
  EXPECT_NE(text.find("300 ms"), std::string::npos) << text;
  EXPECT_NE(text.find("PID namespace"), std::string::npos) << text;
  EXPECT_EQ(map_.header().take_overs, 0u);
  EXPECT_EQ(code_of_call([&] { map_.pass(mine_, 0us, 0ms); }), errc::lock_timeout);
}

TEST_F(RobustMutex, AWaiterThatDiesDelaysTheOthersByASliceAtMost) {
  robust_mutex mutex = map_.mutex(mine_);
  mutex.lock();
  child victim = waiter();
  child heir = waiter();
  victim.kill(SIGKILL);
  victim.wait();
  mutex.unlock();
  const auto before = clock::now();
  EXPECT_EQ(heir.wait(), 0);
  EXPECT_LT(clock::now() - before, 500ms);
}

// One that sleeps as waiters do, and would not look by itself for as long as the test lasts.
TEST_F(RobustMutex, UnlockWakesWhoSleepsOnTheWord) {
  robust_mutex mutex = map_.mutex(mine_);
  mutex.lock();
  child sleeper([this] {
    toy_map map = toy_map::attach(where());
    std::atomic<std::uint32_t>& word = map.header().mutex_word;
    const std::uint32_t marked = word.fetch_or(mutex_layout::waiter_bit) | mutex_layout::waiter_bit;
    const struct timespec long_enough = {60, 0};
    return ::syscall(SYS_futex, &word, FUTEX_WAIT, marked, &long_enough, nullptr, 0) == 0 ? 0 : 1;
  });
  ASSERT_TRUE(eventually([&] {
    std::ifstream call("/proc/" + std::to_string(sleeper.pid()) + "/syscall");
    long number = -1;
    return call >> number && number == SYS_futex;
  }));
  mutex.unlock();
  EXPECT_EQ(sleeper.wait(10s), 0);
}

TEST_F(RobustMutex, UnlockWithoutWakeIsNoticedByTheEndOfASliceAndKeepsTheBitForTheNextOwner) {
  robust_mutex mutex = map_.mutex(mine_);
  mutex.lock();
  child first = waiter();
  child second = waiter();
  first.stop();  // so that the word stays as the release leaves it
  second.stop();
  mutex.unlock_without_wake();
  EXPECT_EQ(word(), mutex_layout::waiter_bit);
  EXPECT_TRUE(mutex.try_lock());
  EXPECT_EQ(word(), mutex_layout::owner_word(mine_.id()) | mutex_layout::waiter_bit);
  mutex.unlock_without_wake();
  const auto before = clock::now();
  first.cont();
  second.cont();
  EXPECT_EQ(first.wait(), 0);
  EXPECT_EQ(second.wait(), 0);
  EXPECT_LT(clock::now() - before, 500ms);
}

// Signals that come more often than a slice ends must not put off the look after the owner.
TEST_F(RobustMutex, AStormOfSignalsDoesNotHideADeadOwner) {
  child dying = holder();
  child waiting([this] {
    toy_map map = toy_map::attach(where());
    const lease mine = map.take();
    struct sigaction action = {};
    action.sa_handler = [](int) {};
    ::sigaction(SIGALRM, &action, nullptr);
    const struct itimerval often = {{0, 500}, {0, 500}};
    ::setitimer(ITIMER_REAL, &often, nullptr);
    ++*waiting_;
    return map.pass(mine) ? 1 : 0;
  });
  EXPECT_TRUE(eventually([this] { return *waiting_ == 1; }));
  std::this_thread::sleep_for(400ms);
  dying.kill(SIGKILL);
  dying.wait();
  const auto before = clock::now();
  EXPECT_EQ(waiting.wait(), 1);
  EXPECT_LT(clock::now() - before, 500ms);
}

TEST_F(RobustMutex, AWordThatNamesNobodyIsTakenOver) {
  const std::uint32_t no_slot = 5u << mutex_layout::incarnation_shift;
  const std::uint32_t beyond = toy_slots + 1;
  const std::uint32_t never_taken = mutex_layout::owner_word({17, 1});
  for (const std::uint32_t garbage : {no_slot, beyond, mutex_layout::slot_mask, never_taken}) {
    for (const std::uint32_t bit : {0u, mutex_layout::waiter_bit}) {
      map_.header().mutex_word = garbage | bit;
      EXPECT_TRUE(map_.pass(mine_)) << std::hex << garbage;
      EXPECT_EQ(word(), 0u);
    }
  }
  map_.header().mutex_word = mutex_layout::waiter_bit;
  EXPECT_FALSE(map_.pass(mine_));
}

// Whoever may write the map may lock any byte of its lock file.
TEST_F(RobustMutex, AWordThatNamesNobodyIsTakenOverWhateverIsLocked) {
  const unique_descriptor other(::open(where().lock_path().c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_TRUE(try_lock_byte(other.get(), owner_byte(toy_slots, 5)));
  map_.header().mutex_word = mutex_layout::owner_word({toy_slots, 5});
  robust_mutex mutex = map_.mutex(mine_, 50ms);
  mutex.lock();
  EXPECT_TRUE(mutex.taken_over());
  mutex.unlock();
  EXPECT_EQ(word(), 0u);
}

TEST_F(RobustMutex, UnlockLeavesAWordAloneThatIsNotItsOwn) {
  robust_mutex mutex = map_.mutex(mine_);
  mutex.lock();
  const std::uint32_t foreign = mutex_layout::owner_word({3, 9});
  map_.header().mutex_word = foreign;
  mutex.unlock();
  EXPECT_EQ(word(), foreign);
  mutex.unlock_without_wake();
  EXPECT_EQ(word(), foreign);
}

// Nor does it wake anybody in its name.
TEST_F(RobustMutex, UnlockOfAForeignWordMakesNoSystemCall) {
  TWINMAP_REQUIRE_PRIVILEGE(ptrace);
  if (test_support::sanitized) GTEST_SKIP() << "its runtime makes calls of its own";
  const auto count = test_support::count_syscalls([&](const test_support::syscall_marks& marks) {
    robust_mutex mutex = map_.mutex(mine_);
    mutex.lock();
    map_.header().mutex_word = mutex_layout::owner_word({3, 9}) | mutex_layout::waiter_bit;
    marks.begin();
    mutex.unlock();
    marks.end();
  });
  EXPECT_TRUE(count.marked);
  EXPECT_EQ(count.total, 0);
}

// What is written into the lease records must not make a living owner look dead.
TEST_F(RobustMutex, AForgedRecordDoesNotRobALivingOwner) {
  child living = holder();
  robust_mutex mutex = map_.mutex(mine_, 200ms);
  lease_record& record = map_.directory().record(mutex.holder().slot);
  for (const std::uint64_t forged : {std::uint64_t{0}, std::uint64_t{77}, ~std::uint64_t{0}}) {
    record.incarnation = forged;
    record.held = 0;
    EXPECT_EQ(code_of_call([&] { mutex.lock(); }), errc::lock_timeout);
  }
}

TEST_F(RobustMutex, ContendersAllGetThrough) {
  constexpr int passes = 3000;
  std::vector<child> crowd;
  const auto before = clock::now();
  for (int i = 0; i != 6; ++i) {
    crowd.emplace_back([this] {
      toy_map map = toy_map::attach(where());
      const lease mine = map.take();
      for (int n = 0; n != passes; ++n)
        map.pass(mine);
    });
  }
  for (child& one : crowd)
    EXPECT_EQ(one.wait(), 0);
  EXPECT_EQ(map_.header().first, 6u * passes);
  EXPECT_EQ(map_.header().violations, 0u);
  EXPECT_EQ(map_.header().take_overs, 0u);
  EXPECT_LT(clock::now() - before, 30s);
}

// Threads of one process, for the thread sanitizer: what the mutex protects is no atomic here.
TEST_F(RobustMutex, OrdersPlainDataBetweenThreads) {
  long plain = 0;
  std::vector<lease> leases;
  for (int i = 0; i != 4; ++i)
    leases.push_back(map_.take());
  std::vector<std::thread> threads;
  for (const lease& mine : leases) {
    threads.emplace_back([&] {
      for (int n = 0; n != 2000; ++n) {
        robust_mutex mutex = map_.mutex(mine);
        boost::interprocess::scoped_lock<robust_mutex> lock(mutex);
        ++plain;
      }
    });
  }
  for (std::thread& one : threads)
    one.join();
  EXPECT_EQ(plain, 8000);
}

// Killed anywhere, again and again, under re-used leases: never two inside, and the crowd keeps
// moving.
TEST_F(RobustMutex, SurvivesKillsAtAnyMoment) {
  const auto body = [this] {
    toy_map map = toy_map::attach(where());
    for (;;) {
      const lease mine = map.take();
      for (int n = 0; n != 20; ++n)
        map.pass(mine, std::chrono::microseconds(random_number() % 30));
    }
  };
  std::vector<child> crowd;
  for (int i = 0; i != 5; ++i)
    crowd.emplace_back(body);
  const int kills = test_support::rounds(400, 10000);
  for (int i = 0; i != kills; ++i) {
    std::this_thread::sleep_for(std::chrono::microseconds(random_number() % 4000));
    child& victim = crowd[random_number() % crowd.size()];
    victim.kill(SIGKILL);
    ASSERT_EQ(victim.wait().signal, SIGKILL);
    victim = child(body);
  }
  crowd.clear();
  map_.pass(mine_);
  EXPECT_EQ(map_.header().violations, 0u);
  EXPECT_GT(map_.header().take_overs, static_cast<std::uint64_t>(kills) / 50)
      << "hardly any died inside";
}

}  // namespace
}  // namespace platform_test
