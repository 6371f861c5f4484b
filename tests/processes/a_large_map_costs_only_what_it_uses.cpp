// Creation reserves addresses, not memory; growth happens under readers that never attach again.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <maps/raw_map.hpp>
#include <maps/self_verifying.hpp>
#include <support/child.hpp>
#include <support/names.hpp>
#include <support/privilege.hpp>
#include <support/shared_page.hpp>
#include <twinmap/map.hpp>

#include <atomic>
#include <cstdint>
#include <filesystem>

namespace process_tests {
namespace {

using map_type = twinmap::map<std::uint64_t, std::uint64_t>;

std::uint64_t bytes_on_disk(const std::filesystem::path& file) {
  struct stat status = {};
  EXPECT_EQ(::stat(file.c_str(), &status), 0) << file;
  return static_cast<std::uint64_t>(status.st_blocks) * 512;
}

TEST(AnEmptyMap, OfEightGibibytesCostsUnderTwoMebibytes) {
  constexpr std::uint64_t max_bytes = 8ull << 30;
  const test_support::scoped_name name;
  map_type map(twinmap::create_only, name, {.max_bytes = max_bytes});
  map.store(1, 1);
  EXPECT_EQ(map.load(1), 1u);
  const std::uint64_t cost = bytes_on_disk(name.segment_file()) + bytes_on_disk(name.lock_file());
  EXPECT_LT(cost, 2u << 20);
  EXPECT_LE(std::filesystem::file_size(name.segment_file()), max_bytes);
}

TEST(AnEmptyMap, OfStringsCostsUnderTwoMebibytesToo) {
  const test_support::scoped_name name;
  twinmap::map<std::string, std::string> map(twinmap::create_only, name, {.max_bytes = 8ull << 30});
  map.store("a key that is too long for the slot, surely: " + std::string(100, 'x'),
            std::string(1000, 'v'));
  EXPECT_LT(bytes_on_disk(name.segment_file()) + bytes_on_disk(name.lock_file()), 2u << 20);
}

// The reader attaches while the map is empty. Committed sizes, tables and even the width of index
// words change under it.
TEST(Growth, IsFollowedByAReaderThatNeverAttachesAgain) {
  const std::uint64_t keys = test_support::rounds(2'000'000u, 10'000'000u);
  constexpr std::uint64_t bytes_per_key = 100;
  const std::filesystem::path usual = test_support::default_directory();
  const test_support::scoped_directory roomier;
  const bool fits = std::filesystem::space(usual).available > keys * bytes_per_key;
  const test_support::scoped_name name(fits ? usual : roomier.path());
  const twinmap::options settings{.max_bytes = 4ull << 30, .directory = name.directory().string()};
  map_type map(twinmap::create_only, name, settings);
  test_support::shared_page<std::atomic<std::uint64_t>> stored;
  test_support::shared_page<test_support::start_gate> gate;

  test_support::child reader([&] {
    const map_type own(twinmap::open_read_only, name, settings);
    EXPECT_EQ(own.size(), 0u);
    gate->arrive_and_wait();
    test_maps::random_source random(3);
    std::uint64_t checked = 0;
    while (*stored < keys) {
      const std::uint64_t below = *stored;
      if (below == 0) continue;
      const std::uint64_t key = random() % 4 == 0 ? below - 1 : random.below(below);
      if (own.load(key) != test_maps::mixed(key)) {
        ADD_FAILURE() << "key " << key << " of " << below;
        return;
      }
      ++checked;
    }
    EXPECT_GT(checked, keys / 20);
    for (std::uint64_t key = 0; key < keys; ++key)
      ASSERT_EQ(own.load(key), test_maps::mixed(key)) << key;
    EXPECT_EQ(own.load(keys), std::nullopt);
    EXPECT_EQ(own.size(), keys);
  });
  ASSERT_TRUE(gate->open_for(1));
  for (std::uint64_t key = 0; key < keys; ++key) {
    map.store(key, test_maps::mixed(key));
    stored->store(key + 1, std::memory_order_release);
  }
  EXPECT_EQ(reader.wait(), 0);
}

}  // namespace
}  // namespace process_tests
