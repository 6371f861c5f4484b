// P8 across two processes: the writer says through a shared page that an insert has returned, and
// the reader's next load must find it, ten million times in a row, while the reader's misses
// promote and the writer's erases compact and purge.

#include <gtest/gtest.h>
#include <sched.h>
#include <maps/raw_map.hpp>
#include <maps/self_verifying.hpp>
#include <support/child.hpp>
#include <support/names.hpp>
#include <support/shared_page.hpp>
#include <twinmap/map.hpp>

#include <atomic>
#include <cstdint>
#include <cstdio>

namespace process_tests {
namespace {

using map_type = twinmap::map<std::uint64_t, std::uint64_t>;

constexpr std::uint64_t inserts = 10'000'000;
constexpr std::uint64_t window = 20'000;     // keys that stand at a time
constexpr std::uint64_t awaited_every = 20;  // keys for which the reader stands ready and waits

struct handshake {
  alignas(64) std::atomic<std::uint64_t> inserted;
  alignas(64) std::atomic<std::uint64_t> looked_up;
  alignas(64) std::atomic<std::uint64_t> fresh;  // looked up while it was still the newest
};

// Spins shortly, then lets others run.
template <class Condition>
void spin_until(Condition condition) {
  for (unsigned i = 1; !condition(); ++i)
    if (i % 256 == 0) ::sched_yield();
}

TEST(AnInsertThatReturned, IsFoundByTheNextLoadElsewhere) {
  const test_support::scoped_name name;
  map_type map(twinmap::create_only, name, {.max_bytes = 256ull << 20});
  test_support::shared_page<handshake> page;

  test_support::child reader([&] {
    const map_type own(twinmap::open_only, name);
    std::uint64_t fresh = 0;
    for (std::uint64_t key = 1; key <= inserts; ++key) {
      spin_until([&] { return page->inserted.load(std::memory_order_acquire) >= key; });
      const auto found = own.load(key);
      fresh += page->inserted.load(std::memory_order_relaxed) == key;
      if (found != test_maps::mixed(key)) {
        ADD_FAILURE() << "key " << key << (found ? " has a wrong value" : " was not found");
        break;
      }
      page->looked_up.store(key, std::memory_order_release);
    }
    page->looked_up = inserts;
    page->fresh = fresh;
  });
  for (std::uint64_t key = 1; key <= inserts; ++key) {
    if (key % awaited_every == 0)
      spin_until([&] { return page->looked_up.load(std::memory_order_acquire) >= key - 1; });
    map.store(key, test_maps::mixed(key));
    page->inserted.store(key, std::memory_order_release);
    if (key <= window) continue;
    spin_until([&] { return page->looked_up.load(std::memory_order_acquire) >= key - window; });
    EXPECT_TRUE(map.erase(key - window));
  }
  ASSERT_EQ(reader.wait(), 0);

  const test_maps::raw_map<std::uint64_t, std::uint64_t> inspector(
      test_maps::attach_mode::open_only, name);
  std::printf("%llu of %llu lookups met the newest key; %llu promotions\n",
              static_cast<unsigned long long>(page->fresh.load()),
              static_cast<unsigned long long>(inserts),
              static_cast<unsigned long long>(inspector.counted(test_maps::counter::promotions)));
  EXPECT_GE(inspector.counted(test_maps::counter::promotions), 20u);
  EXPECT_GE(page->fresh.load(), inserts / awaited_every / 4)
      << "the reader hardly ever met the newest key: nothing was shown";
  EXPECT_EQ(map.size(), window);
}

}  // namespace
}  // namespace process_tests
