// P4, P5: however a process goes, its lease is there for the next one, and so is its memory. The
// maps here have few leases: one that is lost is missed at once.

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>
#include <lifecycle/whole_map.hpp>
#include <maps/self_verifying.hpp>
#include <support/child.hpp>
#include <support/names.hpp>
#include <support/privilege.hpp>
#include <support/shared_page.hpp>

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace lifecycle_test {
namespace {

constexpr std::uint32_t leases = 4;
const twinmap::options few{.max_bytes = 16u << 20, .max_writers = leases};

// How a process that has attached meets its end.
enum class end {
  after_a_store,    // holding a lease, in no operation
  in_an_operation,  // anywhere in inserts and erases
  in_an_attach,     // anywhere in attaching and detaching
  with_the_parents_handle,
  count_
};

std::string value_of(std::uint64_t i) {
  std::string value(i % 300, '\0');
  test_maps::fill_self_verifying(value, i);
  return value;
}

struct told {
  std::atomic<std::uint64_t> stored{0};
  std::atomic<bool> under_way{false};
};

// What the child of cycle `i` does until it is killed, or kills itself.
void live(end how, std::uint64_t i, const std::string& name, text_map& parents, told& parent) {
  if (how == end::with_the_parents_handle) {
    parents.store(i, value_of(i));
    parent.stored = i;
    ::raise(SIGKILL);
  }
  text_map own(twinmap::open_only, name);
  own.store(i, value_of(i));
  parent.stored = i;
  if (how == end::after_a_store) ::raise(SIGKILL);
  parent.under_way = true;
  for (std::uint64_t k = i << 20;; ++k) {
    if (how == end::in_an_attach) own = text_map(twinmap::open_only, name);
    own.store(k, value_of(k));
    own.erase(k);
  }
}

void kill_at_random(test_support::child& process, const told& parent, std::uint64_t i) {
  EXPECT_TRUE(
      test_support::eventually([&] { return parent.under_way.load() || !process.running(); }));
  ::usleep(static_cast<useconds_t>(test_maps::mixed(i) % 300));
  process.kill(SIGKILL);
}

TEST(AnAttachedProcess, LeavesItsLeaseHoweverOftenOneIsKilled) {
  const test_support::scoped_name name;
  text_map map(twinmap::create_only, name, few);
  map.store(0, "the parent has a lease");
  const held_by_me before = held_of(name);
  const auto cycles = test_support::rounds<std::uint64_t>(1'000, 10'000);
  test_support::shared_page<told> parent;
  for (std::uint64_t i = 1; i <= cycles && !testing::Test::HasFailure(); ++i) {
    const auto how = static_cast<end>(i % static_cast<std::uint64_t>(end::count_));
    parent->under_way = false;
    test_support::child process([&] { live(how, i, name, map, *parent); });
    if (how == end::in_an_operation || how == end::in_an_attach)
      kill_at_random(process, *parent, i);
    const test_support::outcome ended = process.wait();
    ASSERT_EQ(ended.signal, SIGKILL) << "cycle " << i << " " << ended;
    ASSERT_EQ(parent->stored, i);
    ASSERT_EQ(map.load(i), value_of(i)) << i;
    ASSERT_TRUE(map.erase(i)) << i;
  }
  EXPECT_EQ(held_of(name), before) << "this process has kept something of its children";
  {
    text_map other(twinmap::open_only, name, few);
    expect_free_leases(other, leases - 1);
  }
  twinmap::sweep(map);
  EXPECT_EQ(map.load(0), "the parent has a lease");
  map.close();
  expect_whole(name);
}

// A program may attach, write and detach for ever in one process, too.
TEST(AnAttachedProcess, LeavesNothingOfAHandleThatItClosed) {
  const test_support::scoped_name name;
  text_map map(twinmap::create_only, name, few);
  map.store(0, "the map's first writer");
  const held_by_me before = held_of(name);
  for (std::uint64_t i = 1; i <= 500; ++i) {
    text_map own(twinmap::open_only, name);
    own.store(i % 50, value_of(i));
    if (i % 5 == 0) std::thread([&] { own.store(1000 + i % 50, value_of(i)); }).join();
  }
  EXPECT_EQ(held_of(name), before);
  expect_free_leases(map, leases - 1);
  map.close();
  expect_whole(name);
}

}  // namespace
}  // namespace lifecycle_test
