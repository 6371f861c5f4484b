// P10: after fork both sides go on. The child's loads work at once, its first write takes a lease
// of its own; its death does not touch the parent's, and the parent's death shows although it
// lives.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>
#include <maps/mutex_watch.hpp>
#include <maps/raw_map.hpp>
#include <support/child.hpp>
#include <support/names.hpp>
#include <support/privilege.hpp>
#include <support/shared_page.hpp>
#include <twinmap/map.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace process_tests {
namespace {

using map_type = twinmap::map<std::uint64_t, std::string>;
using raw_type = test_maps::raw_map<std::uint64_t, std::string>;
using test_maps::attach_mode;
using test_maps::counter;

class Fork : public testing::Test {
 protected:
  // Leases that living holders say they hold, by the inspector's reading of the segment.
  std::vector<std::uint32_t> holders() const {
    std::vector<std::uint32_t> pids;
    const auto& view = inspector.raw().view;
    for (std::uint32_t slot = 0; slot < view.header->constant.max_writers; ++slot)
      if (view.lease(slot).who.held.load() != 0)
        pids.push_back(view.lease(slot).who.process.load());
    return pids;
  }
  static bool among(const std::vector<std::uint32_t>& pids, pid_t pid) {
    return std::ranges::count(pids, static_cast<std::uint32_t>(pid)) != 0;
  }

  const test_support::scoped_name name;
  map_type map{twinmap::create_only, name, {.max_bytes = 64u << 20}};
  const raw_type inspector{attach_mode::open_read_only, name};
};

TEST_F(Fork, TheChildLoadsAtOnceAndItsFirstWriteTakesALeaseOfItsOwn) {
  map.store(1, "one");
  test_support::child child([&] {
    EXPECT_EQ(map.load(1), "one");
    EXPECT_FALSE(among(holders(), ::getpid()));
    map.store(1, std::string(500, 'c'));
    map.store(2, "two");
    EXPECT_TRUE(among(holders(), ::getpid())) << "it writes under the parent's lease";
    EXPECT_TRUE(among(holders(), ::getppid()));
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(map.load(1), std::string(500, 'c'));
  EXPECT_EQ(map.load(2), "two");
  map.store(3, "three");
  EXPECT_EQ(map.size(), 3u);
}

// Parent and child hold the same private stacks the moment after fork: neither may use the other's.
TEST_F(Fork, BothSidesAllocateWithoutMeeting) {
  const auto values = [](char who, int i) {
    return std::string(40 + static_cast<std::size_t>(i) % 300, who);
  };
  for (int i = 0; i < 200; ++i)
    map.store(static_cast<std::uint64_t>(i), values('0', i));
  for (int round = 0; round < 20; ++round) {
    test_support::child child([&] {
      for (int i = 0; i < 2000; ++i)
        map.store(1000 + static_cast<std::uint64_t>(i % 100), values('c', i));
      for (std::uint64_t i = 0; i < 100; ++i)
        EXPECT_EQ(map.load(1000 + i), values('c', 1900 + static_cast<int>(i)));
    });
    for (int i = 0; i < 2000; ++i)
      map.store(2000 + static_cast<std::uint64_t>(i % 100), values('p', i));
    for (std::uint64_t i = 0; i < 100; ++i)
      ASSERT_EQ(map.load(2000 + i), values('p', 1900 + static_cast<int>(i)));
    ASSERT_EQ(child.wait(), 0);
    for (std::uint64_t i = 0; i < 100; ++i)
      ASSERT_EQ(map.load(1000 + i), values('c', 1900 + static_cast<int>(i)));
  }
}

// Thread A attaches and writes again and again, thread B forks: no child may inherit half a lease.
TEST_F(Fork, WhileAnotherThreadAttachesBothGoOn) {
  std::atomic<bool> done{false};
  std::atomic<int> attached{0};
  std::thread attacher([&] {
    for (std::uint64_t i = 0; !done; ++i) {
      map_type own(twinmap::open_only, name);
      own.store(5, "from the attacher " + std::to_string(i));
      std::thread([&] { own.store(6, "from a thread of its own, with its own lease"); }).join();
      ++attached;
    }
  });
  const int forks = test_support::rounds(300, 3000);
  for (int i = 0; i < forks && !HasFailure(); ++i) {
    test_support::child child([&] {
      ::alarm(20);
      EXPECT_EQ(map.load(1).has_value(), i != 0);
      map.store(1, "from child " + std::to_string(i));
      map_type own(twinmap::open_only, name);
      own.store(7, std::string(100, 'x'));
    });
    EXPECT_EQ(child.wait(std::chrono::seconds(20)), 0) << "fork " << i;
  }
  done = true;
  attacher.join();
  EXPECT_GT(attached, 10);
  EXPECT_EQ(map.load(1), "from child " + std::to_string(forks - 1));
  EXPECT_EQ(inspector.counted(counter::take_overs), 0u);
  // A lease whose description a child had inherited would never come free again.
  raw_type writer(attach_mode::open_only, name);
  writer.sweep();
  EXPECT_LE(holders().size(), 3u) << "leases leaked by children";
}

TEST_F(Fork, TheChildsDeathDoesNotTouchTheParentsLock) {
  // The parent holds the mutex (stopped inside an insert) while its children die.
  test_support::shared_page<std::atomic<int>> buried;
  test_support::child parent([&] {
    map_type own(twinmap::open_only, name);
    own.store(1, "lease taken before the forks");
    for (int i = 0; i < 10; ++i) {
      test_support::child child([&] {
        if (i % 2 == 0) own.store(2, "and one of the child's");
        ::raise(SIGKILL);
      });
      child.wait();
      ++*buried;
    }
    test_maps::insert_for_ever(own, "inserting");
  });
  ASSERT_TRUE(test_support::eventually([&] { return *buried == 10; }));
  ASSERT_TRUE(test_maps::stop_with_mutex(parent, inspector.raw(), true));
  test_maps::raw_settings impatient;
  impatient.lock_timeout = std::chrono::milliseconds(500);
  raw_type other(attach_mode::open_only, name, impatient);
  EXPECT_THROW(other.store(77, "new"), twinmap::error) << "its lock looked dead";
  EXPECT_EQ(other.counted(counter::take_overs), 0u);
  EXPECT_TRUE(test_maps::holds_mutex(inspector.raw(), parent.pid()));
  parent.cont();
  EXPECT_NO_THROW(other.store(77, "new"));
  parent.kill(SIGKILL);
  parent.wait();
}

TEST_F(Fork, TheParentsDeathIsNoticedAlthoughTheChildLives) {
  test_support::shared_page<std::atomic<pid_t>> grandchild;
  test_support::child parent([&] {
    map_type own(twinmap::open_only, name);
    own.store(1, "lease taken before the fork");
    test_support::child sleeper(
        [&] {
          ::alarm(60);
          while (own.contains(1))
            ::usleep(1000);
        },
        {.outlives_parent = true});
    *grandchild = sleeper.pid();
    test_maps::insert_for_ever(own, "inserting");
  });
  ASSERT_TRUE(test_support::eventually([&] { return *grandchild != 0; }));
  ASSERT_TRUE(test_maps::stop_with_mutex(parent, inspector.raw(), true));
  parent.kill(SIGKILL);
  EXPECT_EQ(parent.wait().signal, SIGKILL);
  ASSERT_EQ(::kill(*grandchild, 0), 0) << "the child lives";
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_NO_THROW(map.store(77, "new"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
  EXPECT_EQ(inspector.counted(counter::take_overs), 1u);
  EXPECT_EQ(::kill(*grandchild, 0), 0) << "the child still lives";
  ::kill(*grandchild, SIGKILL);
}

// Descriptors inherited through fork and exec must not keep a dead lease alive.
TEST_F(Fork, AProgramStartedFromAWriterInheritsNothing) {
  test_support::shared_page<std::atomic<pid_t>> program;
  test_support::child writer([&] {
    map_type own(twinmap::open_only, name);
    own.store(1, "one");
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::execlp("sleep", "sleep", "30", nullptr);
      ::_exit(127);
    }
    *program = pid;
    test_maps::insert_for_ever(own, "inserting");
  });
  ASSERT_TRUE(test_support::eventually([&] { return *program != 0; }));
  ASSERT_TRUE(test_maps::stop_with_mutex(writer, inspector.raw(), true));
  writer.kill(SIGKILL);
  writer.wait();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_NO_THROW(map.store(77, "new"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
  ::kill(*program, SIGKILL);
}

}  // namespace
}  // namespace process_tests
