// P3, P4: between a look at a word and the swap that it is for others may take what was free, or
// what the dead had. Each test comes in between at every access of the segment.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <support/child.hpp>
#include <support/touches.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>

#include "seccomp.hpp"
#include "toy_map.hpp"

namespace platform_test {
namespace {

using test_support::scoped_name;

class SecondComer : public testing::Test {
 protected:
  void SetUp() override {
    if (!test_support::can_come_between)
      GTEST_SKIP() << "it takes x86's trap flag, and no sanitizer";
  }

  // A word that names a holder that is gone.
  std::uint32_t word_of_the_dead() {
    toy_map map = toy_map::attach(where());
    const lease mine = map.take();
    return mutex_layout::owner_word(mine.id());
  }

  // `act` takes the mutex if it can; whoever comes in between has it then.
  void expect_one_holder(std::uint32_t word, const std::function<bool(robust_mutex&)>& act) {
    toy_map map = toy_map::attach(where());
    toy_map others = toy_map::attach(where());
    const lease mine = map.take();
    const lease theirs = others.take();
    const std::uint32_t my_word = mutex_layout::owner_word(mine.id());
    const std::uint32_t their_word = mutex_layout::owner_word(theirs.id());
    auto& cell = map.header().mutex_word;
    bool won = false;
    const auto try_it = [&] {
      robust_mutex mutex = map.mutex(mine, 1us);
      won = act(mutex);
      if (!won) return;
      EXPECT_EQ(cell.load() & ~mutex_layout::waiter_bit, my_word);
      mutex.unlock();
    };
    cell = word;
    const auto places = test_support::find_touches(map.segment().base(), toy_page, 2, try_it);
    EXPECT_TRUE(won);
    EXPECT_FALSE(places.empty());
    for (const auto& place : places) {
      cell = word;
      won = false;
      const auto take = [&] {
        if (cell.load() == word) cell = their_word;
      };
      test_support::come_between(place, try_it, take);
      EXPECT_TRUE(won || cell.load() == their_word ||
                  cell.load() == (their_word | mutex_layout::waiter_bit));
    }
  }

  map_location where() const { return location_of(name_); }

 private:
  scoped_name name_;
};

bool locks(robust_mutex& mutex) {
  return !code_of_call([&] { mutex.lock(); });
}

TEST_F(SecondComer, HasNoMutexThatWasFree) {
  expect_one_holder(0, [](robust_mutex& mutex) { return mutex.try_lock(); });
  expect_one_holder(0, locks);
}

TEST_F(SecondComer, HasNoMutexThatWaitersWaitFor) {
  expect_one_holder(mutex_layout::waiter_bit, [](robust_mutex& mutex) { return mutex.try_lock(); });
  expect_one_holder(mutex_layout::waiter_bit, locks);
}

TEST_F(SecondComer, HasNoMutexOfTheDead) {
  const std::uint32_t dead = word_of_the_dead();
  expect_one_holder(dead, [](robust_mutex& mutex) { return mutex.try_lock(); });
  expect_one_holder(dead, locks);
}

// Whoever holds it lets go while we wait, and before we have it another one does.
TEST_F(SecondComer, HasNoMutexThatBecameFreeWhileHeWaited) {
  toy_map map = toy_map::attach(where());
  toy_map others = toy_map::attach(where());
  const lease mine = map.take();
  const lease theirs = others.take();
  const std::uint32_t their_word = mutex_layout::owner_word(theirs.id());
  auto& cell = map.header().mutex_word;
  auto& cell_of_others = others.header().mutex_word;
  bool won = false;
  const auto try_it = [&] {
    robust_mutex mutex = map.mutex(mine, 1us);
    won = locks(mutex);
    if (won) mutex.unlock();
  };
  const auto touches_of = [&](const std::function<void()>& act) {
    cell_of_others = their_word;
    return test_support::find_touches(map.segment().base(), toy_page, 4, act);
  };
  for (const auto& first : touches_of(try_it)) {
    const auto let_go = [&] { cell_of_others = 0; };
    const auto wait = [&] { test_support::come_between(first, try_it, let_go); };
    for (const auto& second : touches_of(wait)) {
      if (second.instruction == first.instruction) continue;
      cell_of_others = their_word;
      won = false;
      const auto take = [&] {
        std::uint32_t nobody = 0;
        cell_of_others.compare_exchange_strong(nobody, their_word);
      };
      test_support::come_between(second, wait, take);
      EXPECT_FALSE(won && (cell.load() & ~mutex_layout::waiter_bit) == their_word);
    }
  }
}

// An older kernel.
TEST(WithoutWaitingForMany, OneWaitsAsLongAsNoWordMoves) {
  test_support::child waiter([] {
    forbid_waiting_for_many();
    const std::atomic<std::uint32_t> word{1};
    const futex_watch still{&word, 1};
    const futex_watch moved{&word, 2};
    using clock = std::chrono::steady_clock;
    const auto wait = [](const futex_watch& watch, std::chrono::nanoseconds timeout) {
      const auto begin = clock::now();
      futex_wait_any({&watch, 1}, timeout);
      return clock::now() - begin;
    };
    if (wait(still, 30ms) < 30ms) return 1;
    return wait(moved, 60s) < 30s ? 0 : 2;
  });
  EXPECT_EQ(waiter.wait(), 0);
}

TEST(ALease, LeavesARecordAloneThatIsAnothers) {
  const scoped_name name;
  toy_map map = toy_map::attach(location_of(name));
  lease mine = map.take();
  lease_record& record = map.directory().record(mine.id().slot);
  record.incarnation = mine.id().incarnation + 1;
  mine.release();
  EXPECT_EQ(record.held.load(), 1u);
}

TEST(AFileSystem, IsNotAskedThroughAnothersDescriptor) {
  const scoped_name name;
  toy_map map = toy_map::attach(location_of(name));
  ASSERT_GT(map.segment().space().total, 0u);
  const int number = map.segment().descriptor();
  const int other = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(other, number);
  EXPECT_EQ(map.segment().space().total, 0u);
  EXPECT_EQ(map.segment().space().available, 0u);
  ::close(other);
  ::close(number);
}

}  // namespace
}  // namespace platform_test
