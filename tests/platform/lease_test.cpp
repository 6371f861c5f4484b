// A lease is alive exactly as long as the thread's process is: through stops, not through death,
// exec, thread end or fork (P4, P10).
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <support/child.hpp>
#include <support/privilege.hpp>
#include <support/shared_page.hpp>

#include <set>
#include <thread>
#include <vector>

#include "toy_map.hpp"

namespace platform_test {
namespace {

using test_support::child;
using test_support::eventually;
using test_support::scoped_name;
using test_support::shared_page;
using twinmap::errc;

// What a child tells of its lease through a page of its own.
struct report {
  std::atomic<std::uint32_t> slot{0};
  std::atomic<std::uint64_t> incarnation{0};
  std::atomic<long> rounds{0};

  void tell(lease_id id) {
    slot = id.slot;
    incarnation = id.incarnation;
  }
  lease_id id() const { return {slot, incarnation}; }
  bool wait() const {
    return eventually([this] { return incarnation != 0; });
  }
};

[[noreturn]] void sleep_for_ever() {
  for (;;)
    ::pause();
}

TEST(Lease, SaysWhoHoldsItAndReleasesWithItsEnd) {
  const scoped_name name;
  toy_map map = toy_map::attach(location_of(name));
  lease_id id;
  {
    const lease mine = map.take();
    id = mine.id();
    EXPECT_TRUE(mine.valid());
    EXPECT_EQ(id, (lease_id{0, 1}));
    EXPECT_FALSE(map.dead(id));
    const lease_record& record = map.directory().record(id.slot);
    EXPECT_EQ(record.incarnation, id.incarnation);
    EXPECT_EQ(record.held, 1u);
    EXPECT_EQ(record.process, static_cast<std::uint32_t>(::getpid()));
    EXPECT_EQ(record.user, ::geteuid());
    EXPECT_NE(record.pid_namespace, 0u);
    for (int i = 0; i != 100; ++i)
      EXPECT_EQ(mine.private_memory()[i], std::byte{0});
  }
  EXPECT_TRUE(map.dead(id));
  EXPECT_EQ(map.directory().record(0).held, 0u);
  EXPECT_EQ(map.take().id(), (lease_id{0, 2}));
  EXPECT_FALSE(map.found_dead);
}

TEST(Lease, MovesWithItsProof) {
  const scoped_name name;
  toy_map map = toy_map::attach(location_of(name));
  lease first = map.take();
  const lease_id id = first.id();
  lease second = std::move(first);
  EXPECT_FALSE(first.valid());  // NOLINT(bugprone-use-after-move): that is the question
  EXPECT_TRUE(second.valid());
  EXPECT_FALSE(map.dead(id));
  second.release();
  EXPECT_FALSE(second.valid());
  EXPECT_TRUE(map.dead(id));
  second.release();
}

TEST(Lease, BytesAreDistinctAndBehindTheHeader) {
  std::set<std::uint64_t> bytes;
  std::size_t count = 0;
  const std::uint64_t last = incarnation_limit - 1;
  for (const std::uint64_t incarnation :
       {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{1} << 19, last}) {
    for (const std::uint32_t slot : {0u, 1u, max_lease_slots - 1}) {
      const std::uint64_t byte = liveness_byte({slot, incarnation});
      EXPECT_GE(byte, sizeof(lock_file::header));
      EXPECT_LT(byte, 1ull << 63);
      bytes.insert(byte);
      ++count;
    }
  }
  for (const std::uint32_t low : {0u, 1u, owner_incarnation_mask}) {
    for (const std::uint32_t slot : {0u, 1u, max_lease_slots - 1}) {
      bytes.insert(owner_byte(slot, low));
      ++count;
    }
  }
  EXPECT_EQ(bytes.size(), count);
  EXPECT_EQ(next_incarnation(0), 1u);
  EXPECT_EQ(next_incarnation(last), 1u);
  EXPECT_LT(next_incarnation(~0ull), incarnation_limit);
}

TEST(Lease, GarbageInARecordNeitherKillsTheLivingNorStopsTheTaker) {
  const scoped_name name;
  toy_map map = toy_map::attach(location_of(name));
  const lease mine = map.take();
  for (std::uint32_t slot = 1; slot != 4; ++slot)
    map.directory().record(slot).incarnation = ~0ull - slot;
  map.directory().record(0).incarnation = 77;
  EXPECT_FALSE(map.dead(mine.id()));
  const lease other = map.take();
  EXPECT_NE(other.id(), mine.id());
  EXPECT_FALSE(map.dead(mine.id()));
  EXPECT_FALSE(map.dead(other.id()));
}

TEST(Lease, TooManyWritersNamesTheLimit) {
  const scoped_name name;
  toy_map map = toy_map::attach(location_of(name), {}, 3);
  std::vector<lease> held;
  for (int i = 0; i != 3; ++i)
    held.push_back(map.take());
  std::string text;
  EXPECT_EQ(code_of_call([&] { map.take(); }, &text), errc::too_many_writers);
  EXPECT_NE(text.find('3'), std::string::npos) << text;
  held.erase(held.begin() + 1);
  EXPECT_EQ(map.take().id(), (lease_id{1, 2}));
}

TEST(Lease, SlotsAreCommittedBeforeTheyAreTouchedAndARefusalIsPassedOn) {
  const scoped_name name;
  toy_map map = toy_map::attach(location_of(name));
  bool dead = false;
  const auto refuse = [&](std::uint32_t slot) {
    if (slot == 1) twinmap::raise(errc::no_space, name, "no lease page");
  };
  const auto take = [&] {
    return lease::take(map.locks(), map.directory(), map.header().mutex_word, 0, refuse, dead);
  };
  const lease first = take();
  EXPECT_EQ(first.id().slot, 0u);
  EXPECT_EQ(code_of_call([&] { take(); }), errc::no_space);
  // The fork guard was given back.
  EXPECT_EQ(map.take().id().slot, 1u);
}

TEST(Lease, EndsWithItsThread) {
  const scoped_name name;
  toy_map map = toy_map::attach(location_of(name));
  lease_id id;
  std::thread([&] {
    thread_local lease mine;
    mine = map.take();
    id = mine.id();
    EXPECT_FALSE(map.dead(id));
  }).join();
  EXPECT_TRUE(map.dead(id));
}

TEST(Lease, IsKeptThroughAStopAndLostByAKill) {
  const scoped_name name;
  toy_map map = toy_map::attach(location_of(name));
  const shared_page<report> told;
  child holder([&] {
    toy_map mine = toy_map::attach(location_of(name));
    const lease held = mine.take();
    told->tell(held.id());
    sleep_for_ever();
  });
  ASSERT_TRUE(told->wait());
  holder.stop();
  std::this_thread::sleep_for(50ms);
  EXPECT_FALSE(map.dead(told->id()));
  holder.kill(SIGKILL);
  holder.wait();
  EXPECT_TRUE(map.dead(told->id()));
  const lease next = map.take();
  EXPECT_TRUE(map.found_dead);
  EXPECT_EQ(next.id(), (lease_id{told->id().slot, told->id().incarnation + 1}));
}

TEST(Lease, IsDroppedByExec) {
  const scoped_name name;
  toy_map map = toy_map::attach(location_of(name));
  const shared_page<report> told;
  child holder([&] {
    toy_map mine = toy_map::attach(location_of(name));
    const lease held = mine.take();
    told->tell(held.id());
    if (mine.dead(held.id())) return 1;
    ::execlp("sleep", "sleep", "60", nullptr);
    return 2;
  });
  ASSERT_TRUE(told->wait());
  EXPECT_TRUE(eventually([&] { return map.dead(told->id()); }, 5s));
  EXPECT_TRUE(holder.running());
}

TEST(Lease, AForkedChildHasNoneAndTakesItsOwn) {
  const scoped_name name;
  toy_map map = toy_map::attach(location_of(name));
  lease mine = map.take();
  const lease_id parents = mine.id();
  mine.private_memory()[3] = std::byte{9};
  child forked([&] {
    EXPECT_FALSE(mine.valid());
    EXPECT_EQ(mine.private_memory()[3], std::byte{0});
    mine.release();  // touches nothing of the parent's
    lease own = map.take();
    EXPECT_NE(own.id(), parents);
    map.pass(own);
    mine = std::move(own);
    EXPECT_TRUE(mine.valid());
  });
  EXPECT_EQ(forked.wait(), 0);
  EXPECT_TRUE(mine.valid());
  EXPECT_EQ(mine.private_memory()[3], std::byte{9});
  EXPECT_FALSE(map.dead(mine.id())) << "the child's end freed the parent's lease";
  EXPECT_EQ(map.directory().record(mine.id().slot).held, 1u);
  map.pass(mine);
  EXPECT_EQ(map.header().violations, 0u);
}

TEST(Lease, TheParentsDeathFreesItAlthoughTheChildLives) {
  const scoped_name name;
  toy_map map = toy_map::attach(location_of(name));
  const shared_page<report> told;
  const shared_page<std::atomic<pid_t>> survivor;
  child parent([&] {
    toy_map mine = toy_map::attach(location_of(name));
    const lease held = mine.take();
    child living(sleep_for_ever, {.outlives_parent = true});
    *survivor = living.release();
    told->tell(held.id());
    sleep_for_ever();
  });
  ASSERT_TRUE(told->wait());
  EXPECT_FALSE(map.dead(told->id()));
  parent.kill(SIGKILL);
  parent.wait();
  EXPECT_EQ(::kill(*survivor, 0), 0);
  EXPECT_TRUE(eventually([&] { return map.dead(told->id()); }, 1s));
  ::kill(*survivor, SIGKILL);
}

// Without the fork guard a child forked between the opening of a lease's description and its
// marking shares the description, and the lease outlives its holder.
TEST(Lease, ForkingWhileAnotherThreadTakesLeasesLeaksNoneIntoTheChildren) {
  const scoped_name name;
  toy_map map = toy_map::attach(location_of(name));
  constexpr int least_children = 200;
  constexpr int most_children = 2000;
  constexpr int least_rounds = 50;
  const shared_page<report> told;
  const shared_page<std::atomic<bool>> over;
  child parent([&] {
    toy_map mine = toy_map::attach(location_of(name));
    std::thread taker([&] {
      for (;;) {
        std::vector<lease> held;
        for (int i = 0; i != 5; ++i)
          held.push_back(mine.take());
        ++told->rounds;
      }
    });
    int children = 0;
    while (children < least_children || (children < most_children && told->rounds < least_rounds)) {
      child living(
          [&] {
            for (int i = 0; i != 3000 && !*over; ++i)
              std::this_thread::sleep_for(20ms);
          },
          {.outlives_parent = true});
      living.release();
      ++children;
    }
    told->tell({0, 1});
    sleep_for_ever();
  });
  ASSERT_TRUE(told->wait());
  EXPECT_GE(told->rounds, least_rounds) << "the taker hardly ran, so this shows nothing";
  parent.kill(SIGKILL);
  parent.wait();
  const auto all_free = [&] {
    for (std::uint32_t slot = 0; slot != 6; ++slot) {
      const std::uint64_t current = map.directory().record(slot).incarnation;
      if (!map.dead({slot, current}) || !map.dead({slot, current + 1})) return false;
    }
    return true;
  };
  EXPECT_TRUE(eventually(all_free, 1s));
  *over = true;
}

// A slot whose dead holder still owns the mutex stays free for as long as there is another one, and
// is not lost when there is not.
TEST(Lease, PassesOverTheSlotOfADeadOwnerOfTheMutexWhileThereIsAnother) {
  const scoped_name name;
  toy_map map = toy_map::attach(location_of(name), {}, 2);
  const shared_page<report> told;
  child holder([&] {
    toy_map mine = toy_map::attach(location_of(name), {}, 2);
    const lease held = mine.take();
    robust_mutex lock = mine.mutex(held);
    lock.lock();
    told->tell(held.id());
    sleep_for_ever();
  });
  ASSERT_TRUE(told->wait());
  holder.kill(SIGKILL);
  holder.wait();
  ASSERT_EQ(told->id().slot, 0u);
  const lease first = map.take();
  EXPECT_EQ(first.id().slot, 1u);
  const lease second = map.take();
  EXPECT_EQ(second.id(), (lease_id{0, told->id().incarnation + 1}));
  EXPECT_TRUE(map.pass(second))
      << "the dead owner was not recognised after its slot was taken again";
  EXPECT_FALSE(map.pass(first));
}

}  // namespace
}  // namespace platform_test
