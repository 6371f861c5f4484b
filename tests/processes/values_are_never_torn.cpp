// Rules R1 and R5: several processes write the same keys, several read them, and every value read
// is one that was written whole. A run in which hardly any copy was overtaken would show nothing:
// each size must see a thousand validations fail and be repeated.

#include <gtest/gtest.h>
#include <maps/raw_map.hpp>
#include <maps/self_verifying.hpp>
#include <support/child.hpp>
#include <support/names.hpp>
#include <support/privilege.hpp>
#include <support/shared_page.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace process_tests {
namespace {

using test_maps::attach_mode;
using map_type = test_maps::raw_map<std::uint64_t, std::string>;

constexpr std::uint64_t retries_wanted = 1'000;
constexpr std::uint64_t keys = 2;  // few: writers and readers have to meet

struct progress {
  std::atomic<bool> done;
  std::atomic<std::uint64_t> reads;
  std::atomic<std::uint64_t> retries;
};

class Values : public testing::TestWithParam<std::size_t> {
 protected:
  // A length between the previous size and this one, so that lengths and size classes change too.
  static std::size_t some_length(test_maps::random_source& random) {
    const std::size_t largest = GetParam();
    return largest <= 8 ? 1 + random.below(largest) : largest - random.below(largest / 2);
  }

  void write(int id) const {
    map_type map(attach_mode::open_only, name);
    test_maps::random_source random(static_cast<std::uint64_t>(id) + 100);
    std::string value;
    while (!page->done) {
      value.resize(some_length(random));
      test_maps::fill_self_verifying(value, random());
      map.store(random.below(keys), value);
    }
  }

  void read(int id, std::chrono::steady_clock::time_point deadline) const {
    const map_type map(attach_mode::open_read_only, name);
    test_maps::random_source random(static_cast<std::uint64_t>(id) + 200);
    twinmap::protocol::value_buffer value;
    std::uint64_t told = 0;
    for (std::uint64_t i = 1; !page->done; ++i) {
      if (!map.load(random.below(keys), value)) {
        ADD_FAILURE() << "a key that was never erased is absent";
        break;
      }
      if (!test_maps::verifies(value.view())) {
        ADD_FAILURE() << "torn value of " << value.view().size() << " bytes";
        break;
      }
      page->reads.fetch_add(1, std::memory_order_relaxed);
      if (i % 64 != 0) continue;
      const auto& counters = map.raw().counters();
      const std::uint64_t now = counters.retries.load(std::memory_order_relaxed);
      page->retries.fetch_add(now - told);
      told = now;
      if (page->retries >= wanted() || std::chrono::steady_clock::now() > deadline) break;
    }
    page->done = true;
  }

  static std::uint64_t wanted() {
    return test_support::rounds(retries_wanted, 20 * retries_wanted);
  }

  const test_support::scoped_name name;
  test_support::shared_page<progress> page;
};

TEST_P(Values, AreReadWholeWhileSeveralProcessesWriteThem) {
  test_maps::raw_settings settings;
  settings.max_bytes = 512ull << 20;
  map_type map(attach_mode::create_only, name, settings);
  for (std::uint64_t key = 0; key < keys; ++key) {
    std::string value(GetParam(), '\0');
    test_maps::fill_self_verifying(value, key);
    map.store(key, value);
  }
  map.promote();

  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::seconds(test_support::rounds(18, 180));
  std::vector<test_support::child> crew;
  for (int id = 0; id < 3; ++id)
    crew.emplace_back([this, id] { write(id); });
  for (int id = 0; id < 3; ++id)
    crew.emplace_back([this, id, deadline] { read(id, deadline); });
  for (test_support::child& one : crew)
    EXPECT_EQ(one.wait(), 0);
  std::printf("%zu bytes: %llu reads, %llu validations repeated\n", GetParam(),
              static_cast<unsigned long long>(page->reads.load()),
              static_cast<unsigned long long>(page->retries.load()));
  EXPECT_GE(page->retries.load(), retries_wanted) << "void: too few copies were overtaken";
}

INSTANTIATE_TEST_SUITE_P(UpTo, Values,
                         testing::Values(8, 16, 64, 256, 1 << 10, 4 << 10, 64 << 10, 1 << 20),
                         [](const auto& each) { return std::to_string(each.param) + "Bytes"; });

}  // namespace
}  // namespace process_tests
