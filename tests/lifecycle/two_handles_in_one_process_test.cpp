// Two handles of one process on one map are two attachments: each has its own descriptors, its own
// mapping and its own leases, and what happens to one does not touch the other.

#include <gtest/gtest.h>
#include <lifecycle/whole_map.hpp>
#include <support/child.hpp>
#include <support/names.hpp>
#include <support/privilege.hpp>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace lifecycle_test {
namespace {

constexpr std::uint64_t keys = 200;

std::string value(std::uint64_t i) {
  return std::string(i % 400, static_cast<char>('a' + i % 26));
}

// Writes its own keys through `map` until told to stop; each is read back at once.
void work(text_map& map, std::uint64_t first, const std::atomic<bool>& done) {
  for (std::uint64_t i = 0; !done; ++i) {
    const std::uint64_t key = first + i % keys;
    map.store(key, value(i));
    EXPECT_EQ(map.load(key), value(i));
    if (i % 5 == 0) {
      EXPECT_TRUE(map.erase(key));
    }
  }
}

class TwoHandles : public testing::Test {
 protected:
  const test_support::scoped_name name;
  text_map map{twinmap::create_only, name, {.max_bytes = 32u << 20, .max_writers = 16}};
};

TEST_F(TwoHandles, SeeEachOthersChangesAtOnce) {
  text_map other(twinmap::open_only, name);
  const text_map view(twinmap::open_read_only, name);
  for (std::uint64_t i = 0; i != 2'000; ++i) {
    text_map& writer = i % 2 == 0 ? map : other;
    text_map& reader = i % 2 == 0 ? other : map;
    writer.store(i, value(i));
    ASSERT_EQ(reader.load(i), value(i));
    ASSERT_EQ(view.load(i), value(i));
    if (i % 3 == 0) {
      ASSERT_TRUE(reader.erase(i));
      if (i % 100 == 0) twinmap::promote(reader);
    }
  }
  EXPECT_EQ(map.size(), other.size());
  EXPECT_EQ(twinmap::writers(map).size(), 2u) << "this thread has a lease on each";
}

// A lock of the other kind (fcntl's F_SETLK) would go with any descriptor of the file that is
// closed.
TEST_F(TwoHandles, OneOfThemIsClosedWhileTheOtherWorks) {
  map.store(0, "the main thread has a lease");
  std::atomic<bool> done{false};
  std::vector<std::thread> crew;
  for (std::uint64_t id = 1; id <= 2; ++id)
    crew.emplace_back([&, id] { work(map, id * 1'000, done); });
  // Probes the holders of the mutex all the while, and would rob one whose lock had gone.
  test_support::child contender([&] {
    text_map own(twinmap::open_only, name);
    const std::atomic<bool> never{false};
    work(own, 10'000, never);
  });
  const int closings = test_support::rounds(300, 5'000);
  for (int i = 0; i != closings && !HasFailure(); ++i) {
    text_map other(twinmap::open_only, name);
    other.store(20'000 + static_cast<std::uint64_t>(i) % keys, value(7));
    std::thread([&] { other.store(30'000, value(8)); }).join();
    if (i % 2 == 0) twinmap::promote(other);
  }
  EXPECT_TRUE(contender.running());
  contender.kill(SIGSTOP);
  EXPECT_EQ(map.stats(false).take_overs, 0u) << "a holder that lives was robbed";
  contender.cont();
  contender.kill(SIGKILL);
  contender.wait();
  done = true;
  for (std::thread& one : crew)
    one.join();
  EXPECT_EQ(map.load(0), "the main thread has a lease");
  twinmap::sweep(map);
  expect_free_leases(map, 15);
  map.close();
  expect_whole(name);
}

// Threads that have worked with both go on with the one that is left, and end after it.
TEST_F(TwoHandles, MayBeClosedInAnyOrder) {
  for (const bool first_one_first : {false, true}) {
    std::optional<text_map> a(std::in_place, twinmap::open_only, name);
    std::optional<text_map> b(std::in_place, twinmap::open_only, name);
    std::atomic<int> step{0};
    std::thread both([&] {
      a->store(1, "through a");
      b->store(2, "through b");
      step = 1;
      while (step != 2)
        std::this_thread::yield();
      text_map& left = first_one_first ? *b : *a;
      EXPECT_EQ(left.load(1), "through a");
      left.store(3, "through the one that is left");
      step = 3;
      while (step != 4)
        std::this_thread::yield();
    });
    while (step != 1)
      std::this_thread::yield();
    (first_one_first ? a : b).reset();
    step = 2;
    while (step != 3)
      std::this_thread::yield();
    (first_one_first ? b : a).reset();
    step = 4;
    both.join();
    EXPECT_EQ(map.load(3), "through the one that is left");
    EXPECT_LE(twinmap::writers(map).size(), 1u);
  }
  map.close();
  expect_whole(name);
}

}  // namespace
}  // namespace lifecycle_test
