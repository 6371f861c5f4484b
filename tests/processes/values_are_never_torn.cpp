// Rules R1 and R5: several processes write the same keys, several read them, and every value read
// is one that was written whole.
//
// Copies are short and a writer rarely overtakes one, so most readers would prove little. Every few
// lookups the reader is therefore held at the worst point, between the checks before the copy and
// the copy itself, until the writers have come round: its block has been given away and is being
// written. A thousand validations at least must have failed and been repeated, for each size.

#include <gtest/gtest.h>
#include <sched.h>
#include <maps/raw_map.hpp>
#include <maps/self_verifying.hpp>
#include <support/child.hpp>
#include <support/names.hpp>
#include <support/privilege.hpp>
#include <support/shared_page.hpp>
#include <twinmap/protocol/reader.hpp>

#include <array>
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
using clock = std::chrono::steady_clock;

constexpr std::uint64_t retries_wanted = 1'000;
constexpr std::chrono::minutes for_a_busy_machine{3};
constexpr std::uint64_t keys = 2;  // few: writers and readers have to meet
constexpr std::uint64_t held_every = 32;
constexpr unsigned held_attempts = 4;  // the first of a held lookup

struct progress {
  std::atomic<bool> done;
  std::atomic<std::uint64_t> reads;
  std::atomic<std::uint64_t> retries;
  std::array<std::atomic<std::uint64_t>, keys> stores;
};

// Waits until the writers have stored `stores` more values under a key.
struct holder {
  progress* page;
  std::uint64_t key;
  std::uint64_t stores;
  unsigned attempts_left;

  void hold() {
    if (attempts_left == 0) return;
    --attempts_left;
    const auto deadline = clock::now() + std::chrono::milliseconds(200);
    const std::uint64_t until = page->stores[key] + stores;
    while (page->stores[key] < until && !page->done && clock::now() < deadline)
      ::sched_yield();
  }
};

// A key that holds the reader after the word was loaded: what follows must notice.
struct held_key {
  std::uint64_t word;
  std::uint64_t hash;
  holder* in_slot;
  bool matches(const twinmap::storage::segment_view&, const twinmap::storage::entry& slot) const {
    if (slot.key.load(std::memory_order_relaxed) != word) return false;
    in_slot->hold();
    return true;
  }
};

// A sink that holds the reader between the checks and the copy of a block.
struct held_sink {
  static constexpr bool takes_blocks = true;
  twinmap::protocol::value_buffer* out;
  holder* in_block;
  bool inlined(std::uint64_t payload, unsigned length) const {
    std::memcpy(out->resize(length), &payload, length);
    return true;
  }
  std::byte* block(std::size_t length) const {
    in_block->hold();
    return out->resize(length);
  }
};

class Values : public testing::TestWithParam<std::size_t> {
 protected:
  static bool inlined() { return GetParam() <= 8; }

  // A length between the previous size and this one, so that lengths and size classes change too.
  static std::size_t some_length(test_maps::random_source& random) {
    const std::size_t largest = GetParam();
    return inlined() ? 1 + random.below(largest) : largest - random.below(largest / 2);
  }

  void write(int id) const {
    map_type map(attach_mode::open_only, name);
    test_maps::random_source random(static_cast<std::uint64_t>(id) + 100);
    std::array<std::string, 8> values;  // made once: what takes time shall be the storing
    for (std::string& value : values) {
      value.resize(some_length(random));
      test_maps::fill_self_verifying(value, random());
    }
    while (!page->done) {
      const std::uint64_t key = random.below(keys);
      map.store(key, values[random.below(values.size())]);
      ++page->stores[key];
    }
  }

  bool read_held(const map_type& map, std::uint64_t key,
                 twinmap::protocol::value_buffer& value) const {
    constexpr std::uint64_t comes_round = 12;  // stores after which a block is in use again
    holder in_slot{page.get(), key, 1, inlined() ? held_attempts : 0};
    holder in_block{page.get(), key, comes_round, inlined() ? 0 : held_attempts};
    const auto hash = map.raw().key(&key, sizeof key).hash;
    return twinmap::protocol::load(map.raw(), held_key{key, hash, &in_slot},
                                   held_sink{&value, &in_block});
  }

  void read(int id, clock::time_point deadline) const {
    const map_type map(attach_mode::open_read_only, name);
    test_maps::random_source random(static_cast<std::uint64_t>(id) + 200);
    twinmap::protocol::value_buffer value;
    std::uint64_t told = 0;
    for (std::uint64_t i = 1; !page->done; ++i) {
      const std::uint64_t key = random.below(keys);
      const bool held = i % held_every == 0;
      if (!(held ? read_held(map, key, value) : map.load(key, value))) {
        ADD_FAILURE() << "a key that was never erased is absent";
        break;
      }
      if (!test_maps::verifies(value.view())) {
        ADD_FAILURE() << "torn value of " << value.view().size() << " bytes";
        break;
      }
      page->reads.fetch_add(1, std::memory_order_relaxed);
      if (!held) continue;
      const std::uint64_t now = map.raw().counters().retries.load(std::memory_order_relaxed);
      page->retries.fetch_add(now - told);
      told = now;
      const auto late = clock::now() - deadline;
      if (page->retries >= wanted() || late > for_a_busy_machine ||
          (late > clock::duration::zero() && page->retries >= retries_wanted))
        break;
    }
    page->done = true;
  }

  static std::uint64_t wanted() {
    return test_support::rounds(2 * retries_wanted, 20 * retries_wanted);
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

  const auto deadline = clock::now() + std::chrono::seconds((test_support::sanitized ? 3 : 1) *
                                                            test_support::rounds(18, 180));
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
