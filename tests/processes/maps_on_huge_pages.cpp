// Huge pages are a matter of speed alone: on every kind of mount that has them a map works as on
// any other, it says how much lies on them, and where there are none it works without.

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <maps/self_verifying.hpp>
#include <support/child.hpp>
#include <support/huge_pages.hpp>
#include <support/names.hpp>
#include <support/privilege.hpp>
#include <support/sandbox.hpp>
#include <support/shared_page.hpp>
#include <twinmap/admin.hpp>
#include <twinmap/map.hpp>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace process_tests {
namespace {

using integers = twinmap::map<std::uint64_t, std::uint64_t>;
using strings = twinmap::map<std::uint64_t, std::string>;

constexpr std::uint64_t huge = 2u << 20;
constexpr std::uint64_t max_bytes = 256u << 20;

std::string value_of(std::uint64_t key) {
  std::string value(100 + key % 1900, '\0');
  test_maps::fill_self_verifying(value, key);
  return value;
}

std::uint64_t memory_of(const std::filesystem::path& directory, const std::string& name) {
  struct stat status = {};
  EXPECT_EQ(::stat((directory / ("twinmap." + name)).c_str(), &status), 0);
  return static_cast<std::uint64_t>(status.st_blocks) * 512;
}

void expect_sound(const twinmap::any_map& map) {
  for (const auto& finding : twinmap::check(map).findings)
    ADD_FAILURE() << finding;
}

// What is stored, as a second process sees it, which also tells what of it lies on huge pages.
void expect_read_elsewhere(const std::filesystem::path& directory, std::uint64_t keys,
                           std::uint64_t least_huge) {
  test_support::child reader([&] {
    const integers own(twinmap::open_read_only, "m", {.directory = directory});
    EXPECT_GE(own.info().bytes_huge, least_huge) << "without having read anything";
    for (std::uint64_t key = 0; key < keys; ++key)
      ASSERT_EQ(own.load(key), test_maps::mixed(key)) << key;
    EXPECT_EQ(own.load(keys), std::nullopt);
  });
  EXPECT_EQ(reader.wait(), 0);
}

// 300 k keys take 9.6 MB of slots and tables of several MB.
void fill_and_read(const std::filesystem::path& directory, bool ask) {
  constexpr std::uint64_t keys = 300'000;
  integers map(twinmap::create_only, "m",
               {.max_bytes = max_bytes, .huge_pages = ask, .directory = directory});
  for (std::uint64_t key = 0; key < keys; ++key)
    map.store(key, test_maps::mixed(key));
  twinmap::promote(map);
  const twinmap::map_info info = map.info();
  EXPECT_EQ(info.huge_pages, ask);
  EXPECT_GE(info.bytes_huge, 6 * huge);
  expect_read_elsewhere(directory, keys, 6 * huge);
  expect_sound(map);
}

// Values of many lengths come and go, memory is moved together and given back, and comes again.
void churn(const std::filesystem::path& directory, bool ask, bool gives_back) {
  strings map(twinmap::create_only, "s",
              {.max_bytes = max_bytes, .huge_pages = ask, .directory = directory});
  test_support::shared_page<std::atomic<bool>> done;
  test_support::child reader([&] {
    const strings own(twinmap::open_read_only, "s", {.directory = directory});
    while (!*done)
      own.for_each(
          [](std::uint64_t, const std::string& value) { EXPECT_TRUE(test_maps::verifies(value)); });
  });
  constexpr std::uint64_t keys = 8000;
  twinmap::heap_keeper keeper(map);
  for (int round = 0; round != 3; ++round) {
    for (std::uint64_t key = 0; key < keys; ++key)
      map.store(key, value_of(key));
    const std::uint64_t full = memory_of(directory, "s");
    for (std::uint64_t key = 0; key < keys; ++key)
      EXPECT_EQ(key % 20 == 7 || map.erase(key), true) << key;
    while (keeper.gather_some(10'000)) {
    }
    std::uint64_t given = 0;
    while (const std::uint64_t more = keeper.give_back(std::chrono::nanoseconds{0}))
      given += more;
    const std::uint64_t left = memory_of(directory, "s");
    if (gives_back) {
      EXPECT_GT(given, keys * 1050 * 3 / 4) << "of what the values take";
      EXPECT_LE(left + given, full + 4 * huge);
    } else {
      EXPECT_EQ(given, 0u);
      EXPECT_EQ(twinmap::heap(map).chunks_given_back, 0u) << "nobody says what is not so";
    }
    for (std::uint64_t key = 7; key < keys; key += 20)
      ASSERT_EQ(map.load(key), value_of(key));
  }
  *done = true;
  EXPECT_EQ(reader.wait(), 0);
  expect_sound(map);
}

struct way {
  const char* name;
  test_support::file_system mount;
  bool ask;
  friend std::ostream& operator<<(std::ostream& out, const way& of) { return out << of.name; }
};

class huge_pages : public testing::TestWithParam<way> {};

INSTANTIATE_TEST_SUITE_P(
    By, huge_pages,
    testing::Values(way{"AskingForThem", {"tmpfs", "size=256m"}, true},
                    way{"AskingAMountThatAdvises", {"tmpfs", "size=256m,huge=advise"}, true},
                    way{"AMountWithinSize", {"tmpfs", "size=256m,huge=within_size"}, false},
                    way{"AMountThatAlwaysGives", {"tmpfs", "size=256m,huge=always"}, false},
                    way{"AskingAMountThatAlwaysGives", {"tmpfs", "size=256m,huge=always"}, true}),
    [](const auto& each) { return std::string(each.param.name); });

TEST_P(huge_pages, HoldAMapThatOthersRead) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  if (const std::string why = test_support::why_no_huge_pages(); !why.empty()) GTEST_SKIP() << why;
  const auto body = [](const auto& directory) { fill_and_read(directory, GetParam().ask); };
  EXPECT_EQ(test_support::in_private_mount(GetParam().mount, body), 0);
}

TEST_P(huge_pages, HoldValuesThatComeAndGo) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  const auto body = [](const auto& directory) { churn(directory, GetParam().ask, true); };
  EXPECT_EQ(test_support::in_private_mount(GetParam().mount, body), 0);
}

// Until nothing more fits: no SIGBUS, no lost value, and erase makes room (P7).
void fill_up(const std::filesystem::path& directory, bool ask, std::uint64_t least) {
  strings map(twinmap::create_only, "full",
              {.max_bytes = max_bytes, .huge_pages = ask, .directory = directory});
  std::map<std::uint64_t, std::string> expected;
  std::error_code code;
  for (std::uint64_t key = 0; !code; ++key) {
    std::string value = value_of(key);
    map.store(key, value, code);
    if (!code) expected[key] = std::move(value);
  }
  EXPECT_EQ(code, twinmap::errc::no_space);
  EXPECT_GT(memory_of(directory, "full"), least);
  for (int attempt = 0; attempt < 20; ++attempt) {
    map.store(0, std::string(500'000, 'x'), code);
    EXPECT_EQ(code, twinmap::errc::no_space);
  }
  for (const auto& [key, value] : expected)
    ASSERT_EQ(map.load(key), value) << key;
  ASSERT_TRUE(map.erase(0));
  map.store(1, expected[0], code);
  EXPECT_FALSE(code) << "erase makes room for a value of that size";
  expect_sound(map);
}

TEST_P(huge_pages, AreFullWithAnErrorCode) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  test_support::file_system small = GetParam().mount;
  small.options.replace(0, std::string("size=256m").size(), "size=31m");
  const auto body = [](const auto& directory) { fill_up(directory, GetParam().ask, 24u << 20); };
  EXPECT_EQ(test_support::in_private_mount(small, body), 0);
}

// It changes how many huge pages the machine has, and so runs alone.
class HugetlbfsAlone : public testing::Test {
 protected:
  static void run(std::size_t pages,
                  const std::function<void(const std::filesystem::path&)>& body) {
    TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
    const test_support::huge_page_pool pool(pages);
    if (!pool.why_not().empty()) GTEST_SKIP() << pool.why_not();
    EXPECT_EQ(test_support::in_private_mount({"hugetlbfs", "pagesize=2M"}, body), 0);
  }
};

TEST_F(HugetlbfsAlone, HoldsAMapThatOthersRead) {
  run(64, [](const auto& directory) { fill_and_read(directory, false); });
}

TEST_F(HugetlbfsAlone, HoldsAMapThatAsksForHugePages) {
  run(64, [](const auto& directory) { fill_and_read(directory, true); });
}

TEST_F(HugetlbfsAlone, HoldsValuesThatComeAndGo) {
  run(64, [](const auto& directory) { churn(directory, false, false); });
}

TEST_F(HugetlbfsAlone, IsFullWithAnErrorCode) {
  run(16, [](const auto& directory) { fill_up(directory, false, 24u << 20); });
}

TEST_F(HugetlbfsAlone, RefusesAMapWhenThePoolIsEmptyAndSaysWhy) {
  run(1, [](const auto& directory) {
    try {
      const integers map(twinmap::create_only, "none", {.directory = directory});
      ADD_FAILURE() << "made of nothing";
    } catch (const twinmap::error& error) {
      EXPECT_EQ(error.code(), twinmap::errc::no_space);
      EXPECT_NE(std::string(error.what()).find("vm.nr_hugepages"), std::string::npos)
          << error.what();
    }
    EXPECT_TRUE(std::filesystem::is_empty(directory));
  });
}

TEST_F(HugetlbfsAlone, SurvivesAWriterThatIsKilled) {
  run(32, [](const auto& directory) {
    integers map(twinmap::create_only, "m", {.directory = directory});
    map.store(1, 1);
    test_support::child brief([&] {
      integers own(twinmap::open_only, "m", {.directory = directory});
      own.store(2, 2);
      ::raise(SIGKILL);
    });
    EXPECT_EQ(brief.wait().signal, SIGKILL);
    EXPECT_EQ(map.load(2), 2u);
    map.store(3, 3);
    twinmap::sweep(map);
    EXPECT_EQ(twinmap::writers(map).size(), 1u);
    expect_sound(map);
    EXPECT_TRUE(integers::remove("m", {.directory = directory}));
    EXPECT_TRUE(std::filesystem::is_empty(directory));
  });
}

TEST(AMapThatAsksForHugePages, WorksWithoutThem) {
  test_support::child without([] {
    ASSERT_EQ(::prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), 0);
    const test_support::scoped_directory directory(test_support::default_directory());
    integers map(twinmap::create_only, "m",
                 {.max_bytes = max_bytes, .huge_pages = true, .directory = directory.path()});
    constexpr std::uint64_t keys = 100'000;
    for (std::uint64_t key = 0; key < keys; ++key)
      map.store(key, test_maps::mixed(key));
    EXPECT_TRUE(map.info().huge_pages);
    EXPECT_EQ(map.info().bytes_huge, 0u);
    expect_read_elsewhere(directory.path(), keys, 0);
  });
  EXPECT_EQ(without.wait(), 0);
}

TEST(AMapThatAsksForHugePages, CostsLittleAsLongAsItIsEmpty) {
  const test_support::scoped_directory directory(test_support::default_directory());
  integers large(twinmap::create_only, "large",
                 {.max_bytes = 8ull << 30, .huge_pages = true, .directory = directory.path()});
  large.store(1, 1);
  EXPECT_LT(memory_of(directory.path(), "large"), 4 * huge);
  integers small(twinmap::create_only, "small",
                 {.max_bytes = 16u << 20, .huge_pages = true, .directory = directory.path()});
  small.store(1, 1);
  EXPECT_LT(memory_of(directory.path(), "small"), huge / 2);
}

}  // namespace
}  // namespace process_tests
