// Threads that are cancelled or end in the middle of an operation, and processes that end by exit()
// while their threads work.
//
// Cancellation is the deferred kind: no member of the library is a cancellation point but those
// that call a user's function. (Asynchronous cancellation suits no library.)

#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>
#include <lifecycle/whole_map.hpp>
#include <maps/self_verifying.hpp>
#include <support/child.hpp>
#include <support/names.hpp>
#include <support/privilege.hpp>
#include <support/shared_page.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace lifecycle_test {
namespace {

// A thread of the C library's: one of std::thread's may not be cancelled by name.
class raw_thread {
 public:
  explicit raw_thread(std::function<void()> body) : body_(std::move(body)) {
    EXPECT_EQ(::pthread_create(&id_, nullptr, &run, this), 0);
  }
  raw_thread(const raw_thread&) = delete;
  raw_thread& operator=(const raw_thread&) = delete;
  void cancel() { ::pthread_cancel(id_); }
  // Whether it was cancelled, not having returned.
  bool join() {
    void* ended = nullptr;
    EXPECT_EQ(::pthread_join(id_, &ended), 0);
    return ended == PTHREAD_CANCELED;
  }

 private:
  static void* run(void* self) {
    static_cast<raw_thread*>(self)->body_();
    return nullptr;
  }
  std::function<void()> body_;
  pthread_t id_{};
};

std::string value_beside(std::uint64_t i) {
  // Some take a run of chunks, which are made resident by system calls.
  std::string value(i % 16 == 0 ? 30'000 + i % 100'000 : i % 300, '\0');
  test_maps::fill_self_verifying(value, i);
  return value;
}

void in_a_child(const std::function<void()>& body) {
  test_support::child process([&] { body(); });
  EXPECT_EQ(process.wait(), 0);
}

// Threads that would go on for ever, one after another: each is cancelled somewhere once it has
// counted what returned. Then `check` is told the last count.
void cancel_again_and_again(std::uint64_t seed, std::uint64_t longest_us,
                            const std::function<void(std::atomic<std::uint64_t>&)>& work,
                            const std::function<void(std::uint64_t)>& check) {
  test_maps::random_source random(seed);
  const int cancellations = test_support::rounds(200, 5'000);
  for (int round = 0; round != cancellations && !testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    std::atomic<std::uint64_t> returned{0};
    raw_thread worker([&] { work(returned); });
    test_support::eventually([&] { return returned != 0; });
    ::usleep(static_cast<useconds_t>(random.below(longest_us)));
    worker.cancel();
    EXPECT_TRUE(worker.join());
    check(returned);
  }
}

TEST(ACancelledThread, LosesNothingThatReturnedAndKeepsNothing) {
  const test_support::scoped_name name;
  in_a_child([&] {
    text_map map(twinmap::create_only, name, {.max_bytes = 64u << 20, .max_writers = 3});
    map.store(0, "the main thread has a lease");
    const held_by_me before = held_of(name);
    constexpr std::uint64_t keys = 200;
    const auto work = [&](std::atomic<std::uint64_t>& returned) {
      for (std::uint64_t i = 1;; ++i) {
        ::pthread_testcancel();
        map.store(1 + i % keys, value_beside(i));
        returned = i;
        if (i % 3 == 0) map.erase(1 + (i + keys / 2) % keys);
      }
    };
    cancel_again_and_again(3, 500, work, [&](std::uint64_t last) {
      const auto found = map.load(1 + last % keys);
      ASSERT_TRUE(found && (*found == value_beside(last) || *found == value_beside(last + keys)))
          << last;
      map.store(1'000'000, "by another thread");
      EXPECT_EQ(twinmap::writers(map).size(), 1u) << "its lease has not come back";
      EXPECT_EQ(map.stats(false).take_overs, 0u);
    });
    EXPECT_EQ(held_of(name), before);
    expect_free_leases(map, 2);
  });
  expect_whole(name);
}

TEST(ACancelledThread, AttachesOrDoesNot) {
  const test_support::scoped_name name;
  in_a_child([&] {
    text_map map(twinmap::create_only, name, {.max_bytes = 4u << 20, .max_writers = 3});
    map.store(0, "the main thread has a lease");
    const held_by_me before = held_of(name);
    std::optional<test_support::scoped_name> other;
    const auto work = [&](std::atomic<std::uint64_t>& returned) {
      other.emplace();
      for (std::uint64_t i = 0;; ++i) {
        text_map own(twinmap::open_only, name);
        own.store(1 + i % 10, value_beside(i));
        text_map fresh(twinmap::create_only, *other, {.max_bytes = 1u << 20});
        fresh.store(1, "1");
        returned = i + 1;
        twinmap::remove(*other);
        fresh.close();
        own.close();
        ::pthread_testcancel();
      }
    };
    cancel_again_and_again(4, 2'000, work,
                           [&](std::uint64_t) { EXPECT_EQ(held_of(name), before); });
    expect_free_leases(map, 2);
  });
  expect_whole(name);
}

// What a user's function does is between it and its thread: nothing is locked, nothing has changed.
TEST(AThreadThatEnds, WithinAFunctionOfTheUsersChangesNothing) {
  const test_support::scoped_name name;
  in_a_child([&] {
    text_map map(twinmap::create_only, name, {.max_bytes = 4u << 20, .max_writers = 3});
    map.store(1, value_beside(100));
    map.store(2, value_beside(200));
    const held_by_me before = held_of(name);
    const std::function<void()> ends[] = {
        [&] { map.update(1, [](auto) -> std::optional<std::string> { ::pthread_exit(nullptr); }); },
        [&] {
          map.update(99, [](auto) -> std::optional<std::string> { ::pthread_exit(nullptr); });
        },
        [&] { map.for_each([](auto, const auto&) { ::pthread_exit(nullptr); }); },
    };
    for (const auto& end : ends) {
      bool returned = false;
      raw_thread worker([&] {
        map.store(2, value_beside(200));
        end();
        returned = true;
      });
      worker.join();
      EXPECT_FALSE(returned);
      EXPECT_EQ(map.load(1), value_beside(100));
      EXPECT_EQ(map.size(), 2u);
      EXPECT_EQ(twinmap::writers(map).size(), 1u);
      EXPECT_EQ(held_of(name), before);
    }
    expect_free_leases(map, 2);
  });
  expect_whole(name);
}

constexpr std::uint64_t workers = 4;

TEST(AProcess, ThatExitsWhileItsThreadsWorkLosesNothing) {
  const test_support::scoped_name name;
  text_map map(twinmap::create_only, name, {.max_bytes = 16u << 20, .max_writers = 8});
  map.store(0, "the parent has a lease");
  using last_returned = std::array<std::atomic<std::uint64_t>, workers>;
  const int exits = test_support::rounds(60, 1'000);
  for (int round = 0; round != exits && !HasFailure(); ++round) {
    test_support::shared_page<last_returned> returned;
    test_support::child process([&] {
      static text_map* const own = new text_map(twinmap::open_only, name);  // outlives everything
      for (std::uint64_t id = 0; id != workers; ++id)
        std::thread([&returned, id] {
          for (std::uint64_t i = 1;; ++i) {
            own->store(1 + id + workers * (i % 100), value_beside(i % 300));
            (*returned)[id] = i;
            own->load(1 + i % 300);
          }
        }).detach();
      for (std::uint64_t id = 0; id != workers; ++id)
        test_support::eventually([&] { return (*returned)[id] != 0; });
      ::usleep(static_cast<useconds_t>(round % 10 * 100));
      std::exit(0);
    });
    EXPECT_EQ(process.wait(std::chrono::seconds(30)), 0) << "round " << round;
    for (std::uint64_t id = 0; id != workers; ++id) {
      const std::uint64_t last = (*returned)[id];
      const auto found = map.load(1 + id + workers * (last % 100));
      ASSERT_TRUE(found && (*found == value_beside(last % 300) ||
                            *found == value_beside((last + 100) % 300)))
          << id << " " << last;
    }
    map.store(1'000'000 + static_cast<std::uint64_t>(round), "by another process");
  }
  expect_free_leases(map, 7);
  map.close();
  expect_whole(name);
}

// The main thread's own state is gone before static objects are.
struct writes_when_destroyed {
  text_map map;
  ~writes_when_destroyed() {
    map.store(2, "from a static object's destructor");
    std::thread([this] { map.store(3, "from a thread that it started"); }).join();
  }
};

TEST(AProcess, ThatExitsMayUseItsMapsInStaticDestructors) {
  const test_support::scoped_name name;
  text_map map(twinmap::create_only, name, {.max_bytes = 4u << 20, .max_writers = 4});
  test_support::child process([&] {
    static writes_when_destroyed late{text_map(twinmap::open_only, name)};
    late.map.store(1, "from main");
    std::exit(0);
  });
  EXPECT_EQ(process.wait(), 0);
  EXPECT_EQ(map.load(1), "from main");
  EXPECT_EQ(map.load(2), "from a static object's destructor");
  EXPECT_EQ(map.load(3), "from a thread that it started");
  expect_free_leases(map, 4);
  map.close();
  expect_whole(name);
}

}  // namespace
}  // namespace lifecycle_test
