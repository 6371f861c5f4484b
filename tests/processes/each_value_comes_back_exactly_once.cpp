// Linearizability of exchange and load_and_erase, seen through unique values: whatever was put in
// comes back to exactly one caller, or stands at the end. A killed process can take with it only
// the one value that its last operation was handing over.

#include <gtest/gtest.h>
#include <maps/crew.hpp>
#include <maps/self_verifying.hpp>
#include <support/child.hpp>
#include <support/names.hpp>
#include <support/privilege.hpp>
#include <support/shared_page.hpp>
#include <twinmap/map.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace process_tests {
namespace {

constexpr std::uint64_t keys = 8;
constexpr std::size_t crew_size = 3;
constexpr std::uint64_t tokens_each = 3'000'000;

// How often each token was handed back, and how many each worker has put in.
struct receipts {
  std::array<std::array<std::atomic<std::uint8_t>, tokens_each>, crew_size> back;
  std::array<std::atomic<std::uint64_t>, crew_size> drawn;

  void hand_back(std::uint64_t token) {
    const std::uint64_t worker = token >> 32;
    const std::uint64_t number = token & 0xFFFFFFFF;
    if (worker >= crew_size || number >= drawn[worker]) {
      ADD_FAILURE() << "a value that nobody stored: " << token;
      return;
    }
    const int before = back[worker][number].fetch_add(1);
    EXPECT_EQ(before, 0) << "value " << token << " came back twice";
  }
};

template <class T>
T as_value(std::uint64_t token);
template <>
std::uint64_t as_value(std::uint64_t token) {
  return token;
}
template <>
std::string as_value(std::uint64_t token) {
  std::string value(16 + token % 400, '\0');
  test_maps::fill_self_verifying(value, token);
  return value;
}

std::uint64_t as_token(std::uint64_t value) {
  return value;
}
std::uint64_t as_token(const std::string& value) {
  EXPECT_TRUE(test_maps::verifies(value)) << "torn value";
  return test_maps::seed_of(value);
}

template <class T>
class UniqueValues : public testing::Test {
 protected:
  using map_type = twinmap::map<std::uint64_t, T>;

  // Puts new tokens in and takes others out, until it has drawn all of its own.
  void exchange_tokens(std::size_t id, std::uint64_t seed, std::uint64_t up_to) {
    map_type own(twinmap::open_only, name);
    test_maps::random_source random(seed);
    std::uint64_t next;
    while ((next = page->drawn[id]) < up_to && !testing::Test::HasFailure()) {
      // Few keys, and now and then a fresh one: expunged and revived slots take part.
      const std::uint64_t key =
          random.below(50) == 0 ? 100 + random.below(500) : random.below(keys);
      if (random.below(4) == 0) {
        if (const auto taken = own.load_and_erase(key)) page->hand_back(as_token(*taken));
        continue;
      }
      page->drawn[id] = next + 1;
      const auto previous = own.exchange(key, as_value<T>((std::uint64_t{id} << 32) | next));
      if (previous) page->hand_back(as_token(*previous));
    }
  }

  void expect_all_back(std::uint64_t may_be_missing) {
    map_type own(twinmap::open_only, name);
    own.for_each([&](std::uint64_t, const T& value) { page->hand_back(as_token(value)); });
    std::uint64_t missing = 0;
    for (std::size_t id = 0; id < crew_size; ++id)
      for (std::uint64_t number = 0; number < page->drawn[id]; ++number)
        missing += page->back[id][number] == 0;
    EXPECT_LE(missing, may_be_missing);
  }

  const test_support::scoped_name name;
  map_type map{twinmap::create_only, name, {.max_bytes = 256ull << 20}};
  test_support::shared_page<receipts> page;
};

using value_types = testing::Types<std::uint64_t, std::string>;

class type_names {
 public:
  template <class T>
  static std::string GetName(int) {
    return std::is_same_v<T, std::string> ? "InBlocks" : "InSlots";
  }
};
TYPED_TEST_SUITE(UniqueValues, value_types, type_names);

TYPED_TEST(UniqueValues, ComeBackExactlyOnceAcrossProcesses) {
  test_maps::run_together(test_maps::workers::processes, crew_size, [&](int id) {
    this->exchange_tokens(static_cast<std::size_t>(id), static_cast<std::uint64_t>(id),
                          tokens_each);
  });
  this->expect_all_back(0);
}

TYPED_TEST(UniqueValues, ComeBackExactlyOnceAcrossThreads) {
  test_maps::run_together(test_maps::workers::threads, crew_size, [&](int id) {
    this->exchange_tokens(static_cast<std::size_t>(id), static_cast<std::uint64_t>(id),
                          tokens_each / 20);
  });
  this->expect_all_back(0);
}

// A kill may cost two tokens: the one going in, and the one coming out whose receipt is unwritten.
TYPED_TEST(UniqueValues, ComeBackAtMostOnceWhenProcessesAreKilled) {
  const int kills = test_support::rounds(100, 1000);
  test_maps::random_source random(5);
  std::uint64_t seed = 100;
  const auto start = [&](std::size_t id) {
    return test_support::child(
        [this, id, s = ++seed] { this->exchange_tokens(id, s, tokens_each); });
  };
  std::vector<test_support::child> crew;
  for (std::size_t id = 0; id < crew_size; ++id)
    crew.push_back(start(id));
  int killed = 0;
  for (; killed < kills && !this->HasFailure(); ++killed) {
    std::this_thread::sleep_for(std::chrono::microseconds(500 + random.below(4000)));
    const std::size_t id = random.below(crew_size);
    crew[id].kill(SIGKILL);
    const auto ended = crew[id].wait();
    if (ended.signal != SIGKILL) {
      EXPECT_EQ(ended, 0) << "it ended by itself, and not well";
      break;  // all tokens drawn
    }
    crew[id] = start(id);
  }
  for (test_support::child& one : crew) {
    one.kill(SIGKILL);
    one.wait();
  }
  EXPECT_GE(killed, 40);
  this->expect_all_back(2 * (static_cast<std::uint64_t>(killed) + crew_size));
}

// A counter is never behind what returned, and ahead by at most one for each kill.
TEST(FetchAdd, CountsEveryReturnedAdditionThoughProcessesAreKilled) {
  using counters = twinmap::map<std::uint64_t, std::uint64_t>;
  const test_support::scoped_name name;
  counters map(twinmap::create_only, name, {.max_bytes = 64ull << 20});
  test_support::shared_page<std::array<std::atomic<std::uint64_t>, crew_size>> returned;
  const auto start = [&](std::size_t id) {
    return test_support::child([&, id] {
      counters own(twinmap::open_only, name);
      while (true) {
        own.fetch_add(1, 1);
        (*returned)[id].fetch_add(1, std::memory_order_relaxed);
      }
    });
  };
  test_maps::random_source random(6);
  std::vector<test_support::child> crew;
  for (std::size_t id = 0; id < crew_size; ++id)
    crew.push_back(start(id));
  const int kills = test_support::rounds(60, 1000);
  for (int kill = 0; kill < kills; ++kill) {
    std::this_thread::sleep_for(std::chrono::microseconds(500 + random.below(4000)));
    const std::size_t id = random.below(crew_size);
    crew[id].kill(SIGKILL);
    ASSERT_EQ(crew[id].wait().signal, SIGKILL);
    crew[id] = start(id);
  }
  for (test_support::child& one : crew) {
    one.kill(SIGKILL);
    one.wait();
  }
  std::uint64_t sum = 0;
  for (const auto& one : *returned)
    sum += one;
  EXPECT_GT(sum, 10'000u);
  EXPECT_GE(map.load(1), sum);
  EXPECT_LE(map.load(1), sum + static_cast<std::uint64_t>(kills) + crew_size);
}

}  // namespace
}  // namespace process_tests
