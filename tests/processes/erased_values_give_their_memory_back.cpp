// Erase most of a map of large values, and its memory goes back to the system, while readers in
// other processes verify every value that is left. Nobody but the keeper does anything for it.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <maps/raw_map.hpp>
#include <maps/self_verifying.hpp>
#include <support/child.hpp>
#include <support/names.hpp>
#include <support/privilege.hpp>
#include <support/shared_page.hpp>
#include <twinmap/protocol/gather.hpp>
#include <twinmap/protocol/heap_care.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace process_tests {
namespace {

using test_maps::attach_mode;
using map_type = test_maps::raw_map<std::uint64_t, std::string>;
using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::size_t length = 4096;

std::uint64_t memory_of(const test_support::scoped_name& name) {
  struct stat status {};
  EXPECT_EQ(::stat(name.segment_file().c_str(), &status), 0);
  return static_cast<std::uint64_t>(status.st_blocks) * 512;
}

std::string value_of(std::uint64_t key) {
  std::string value(length, '\0');
  test_maps::fill_self_verifying(value, key);
  return value;
}

struct pattern {
  const char* name;
  std::function<bool(std::uint64_t key, std::uint64_t keys)> stays;
};

const std::vector<pattern> patterns{
    {"Scattered",
     [](std::uint64_t key, std::uint64_t) { return test_maps::mixed(key + 1) % 20 == 0; }},
    {"InOnePiece", [](std::uint64_t key, std::uint64_t keys) { return key >= keys - keys / 20; }},
    {"EachTwentieth", [](std::uint64_t key, std::uint64_t) { return key % 20 == 7; }},
};

struct progress {
  std::atomic<bool> erased;
  std::atomic<bool> done;
  std::atomic<std::uint64_t> verified;
};

class ErasedAlone : public testing::TestWithParam<std::size_t> {
 protected:
  static constexpr int readers = 2;
  const pattern& the_pattern() const { return patterns[GetParam()]; }

  // What stays is there with its value at any time, by lookups and by walks; what is erased is
  // absent once that is said.
  void read(int id) {
    const map_type map(attach_mode::open_read_only, name);
    test_maps::random_source random(static_cast<std::uint64_t>(id));
    std::uint64_t verified = 0;
    while (!page->done) {
      const bool erased = page->erased;
      for (int i = 0; i < 500; ++i) {
        const std::uint64_t key = random.below(keys);
        const auto found = map.load(key);
        ASSERT_TRUE(found.has_value() || !the_pattern().stays(key, keys)) << key;
        if (!found) continue;
        ASSERT_TRUE(the_pattern().stays(key, keys) || !erased) << key << " came back";
        ASSERT_EQ(found->size(), length);
        ASSERT_TRUE(test_maps::verifies(*found) && test_maps::seed_of(*found) == key) << key;
        ++verified;
      }
      std::uint64_t walked = 0;
      map.for_each([&](std::uint64_t key, const std::string& value) {
        EXPECT_TRUE(test_maps::verifies(value) && test_maps::seed_of(value) == key) << key;
        if (the_pattern().stays(key, keys)) ++walked;
        return !HasFailure();
      });
      ASSERT_EQ(walked, left) << "a walk visits each key once";
    }
    page->verified += verified;
  }

  const std::uint64_t keys = test_support::rounds(10'000u, 200'000u);
  std::uint64_t left = 0;
  const test_support::scoped_name name;
  test_support::shared_page<progress> page;
};

TEST_P(ErasedAlone, ValuesLeaveAQuarterOfThePeakWithinTenSeconds) {
  test_maps::raw_settings settings;
  settings.max_bytes = 4ull << 30;
  map_type map(attach_mode::create_only, name, settings);
  for (std::uint64_t key = 0; key < keys; ++key) {
    map.store(key, value_of(key));
    left += the_pattern().stays(key, keys) ? 1u : 0u;
  }
  map.promote();
  const std::uint64_t peak = memory_of(name);
  EXPECT_GT(peak, keys * length);
  const std::uint64_t stores = map.counted(test_maps::counter::stores);

  std::vector<test_support::child> crew;
  for (int id = 0; id < readers; ++id)
    crew.emplace_back([this, id] { read(id); });

  // As a caretaker does it: a look twice a second.
  twinmap::protocol::gatherer gatherer(map.raw());
  twinmap::protocol::chunk_ages ages(map.raw());
  for (std::uint64_t key = 0; key < keys; ++key)
    ASSERT_TRUE(the_pattern().stays(key, keys) || map.erase(key));
  page->erased = true;
  const auto begin = clock::now();
  auto longest_step = clock::duration::zero();
  auto giving = clock::duration::zero();
  while (memory_of(name) * 4 >= peak && clock::now() - begin < 20s) {
    std::this_thread::sleep_for(500ms);
    for (bool more = true; more;) {
      const auto step = clock::now();
      more = gatherer.some(4096);
      longest_step = std::max(longest_step, clock::now() - step);
    }
    const auto age = twinmap::protocol::give_back_age(map.raw());
    const auto step = clock::now();
    while (ages.give_back(age, 4 << 20) != 0) {
    }
    giving += clock::now() - step;
  }
  const auto took = clock::now() - begin;
  page->done = true;
  for (test_support::child& one : crew)
    EXPECT_EQ(one.wait(), 0);
  const auto ms = [](clock::duration t) {
    return static_cast<double>(std::chrono::duration_cast<std::chrono::microseconds>(t).count()) /
           1000;
  };
  std::printf(
      "%s: %.1f MiB -> %.1f MiB (%.1f %%) after %.1f s; longest step %.1f ms, moved %.1f "
      "MiB, giving back took %.0f ms, %llu values verified\n",
      the_pattern().name, static_cast<double>(peak) / (1 << 20),
      static_cast<double>(memory_of(name)) / (1 << 20),
      100 * static_cast<double>(memory_of(name)) / static_cast<double>(peak), ms(took) / 1000,
      ms(longest_step), static_cast<double>(gatherer.moved()) / (1 << 20), ms(giving),
      static_cast<unsigned long long>(page->verified.load()));
  EXPECT_LT(took, 10s);
  EXPECT_LT(memory_of(name) * 4, peak);
  EXPECT_EQ(map.stats().bytes_committed, memory_of(name));
  EXPECT_GT(page->verified.load(), 1000u) << "void: the readers did not read";
  EXPECT_EQ(map.counted(test_maps::counter::stores), stores) << "a move is no store";
  EXPECT_EQ(map.size(), left);
  EXPECT_EQ(map.count(), left);
  EXPECT_TRUE(map.check().findings.empty()) << map.check().findings.front();
  // And it can be filled again.
  for (std::uint64_t key = 0; key < keys; ++key)
    map.store(key, value_of(key + 1));
  for (std::uint64_t key = 0; key < keys; key += 97)
    ASSERT_EQ(map.load(key), value_of(key + 1));
  EXPECT_TRUE(map.check().findings.empty()) << map.check().findings.front();
}

INSTANTIATE_TEST_SUITE_P(Are, ErasedAlone, testing::Range(std::size_t{0}, patterns.size()),
                         [](const auto& each) { return patterns[each.param].name; });

}  // namespace
}  // namespace process_tests
