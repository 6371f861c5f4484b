// Segments on huge pages: taken where the system has them, without them otherwise, and by the same
// rules as small ones (P7).
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <support/child.hpp>
#include <support/huge_pages.hpp>
#include <support/privilege.hpp>
#include <support/sandbox.hpp>
#include <twinmap/platform/huge_pages.hpp>

#include <cstring>
#include <fstream>

#include "toy_map.hpp"

namespace platform_test {
namespace {

namespace fs = std::filesystem;
using test_support::child;
using test_support::huge_bytes_around;
using test_support::scoped_name;

constexpr std::uint64_t huge = huge_page_bytes;

bool aligned(const segment_file& file) {
  return reinterpret_cast<std::uintptr_t>(file.base()) % huge == 0;
}

// As a process does that has used the memory.
void touch(const segment_file& file, std::uint64_t offset, std::uint64_t length) {
  for (std::uint64_t at = offset; at < offset + length; at += toy_page)
    static_cast<void>(*const_cast<const volatile std::byte*>(file.base() + at));
}

TEST(Mapping, BeginsWhereAHugePageCan) {
  const scoped_name name;
  const map_location where = location_of(name);
  for (int round = 0; round != 20; ++round) {
    segment_file made = segment_file::create(where, 3 * huge + toy_page, {});
    EXPECT_TRUE(aligned(made));
    ASSERT_TRUE(made.publish(where));
    EXPECT_TRUE(aligned(segment_file::open(where, access::read_write, {})));
    const segment_file reader = segment_file::open(where, access::read_only, {});
    EXPECT_TRUE(aligned(reader));
    ASSERT_TRUE(remove_files(where));
  }
}

std::uint64_t address_space_in_use() {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * toy_page;
}

TEST(Mapping, NeedsNoMoreAddressesThanTheFileHas) {
  if (test_support::sanitized) GTEST_SKIP() << "a sanitizer takes all addresses";
  child limited([] {
    const scoped_name name;
    constexpr std::uint64_t size = 256u << 20;
    const std::uint64_t most = address_space_in_use() + size + huge / 2;
    const struct rlimit limit = {most, most};
    ASSERT_EQ(::setrlimit(RLIMIT_AS, &limit), 0);
    EXPECT_TRUE(segment_file::create(location_of(name), size, {}));
  });
  EXPECT_EQ(limited.wait(), 0);
}

// The mount itself gives none: what most systems have at /dev/shm.
TEST(HugePages, AreTakenWhereACommitCoversWholeOnes) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  if (const std::string why = test_support::why_no_huge_pages(); !why.empty()) GTEST_SKIP() << why;
  const auto body = [](const fs::path& directory) {
    const map_location where = {"m", directory.string()};
    segment_file made = segment_file::create(where, 8 * huge, {});
    made.ask_for_huge_pages();
    ASSERT_FALSE(made.commit(toy_page, toy_page));
    EXPECT_EQ(made.resident_bytes(), toy_page) << "little stays little";
    ASSERT_FALSE(made.commit(2 * huge - toy_page, 3 * huge + 2 * toy_page));
    EXPECT_EQ(made.resident_bytes(), 3 * huge + 3 * toy_page);
    touch(made, 2 * huge - toy_page, 3 * huge + 2 * toy_page);
    EXPECT_EQ(huge_bytes_around(made.base()), 3 * huge);
    std::memset(made.base() + 2 * huge, 0x5a, 3 * huge);
    ASSERT_TRUE(made.publish(where));
    child reader([&] {
      const segment_file own = segment_file::open(where, access::read_only, {});
      touch(own, 2 * huge, 3 * huge);
      EXPECT_EQ(huge_bytes_around(own.base()), 3 * huge);
      EXPECT_EQ(own.base()[5 * huge - 1], std::byte{0x5a});
    });
    EXPECT_EQ(reader.wait(), 0);
  };
  EXPECT_EQ(test_support::in_private_tmpfs(64 << 20, body), 0);
}

TEST(HugePages, AreNotForcedUponMemoryThatIsInUse) {
  const scoped_name name;
  segment_file made = segment_file::create(location_of(name), 2 * huge, {});
  ASSERT_FALSE(made.commit(0, huge));
  std::memset(made.base(), 'x', huge);
  made.ask_for_huge_pages();
  ASSERT_FALSE(made.commit(0, huge));
  touch(made, 0, huge);
  EXPECT_EQ(huge_bytes_around(made.base()), 0u);
  EXPECT_EQ(made.base()[huge - 1], std::byte{'x'});
}

TEST(HugePages, AreDoneWithoutWhereTheProcessMayHaveNone) {
  child without([] {
    ASSERT_EQ(::prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), 0);
    const scoped_name name;
    segment_file made = segment_file::create(location_of(name), 4 * huge, {});
    made.ask_for_huge_pages();
    ASSERT_FALSE(made.commit(0, 2 * huge));
    EXPECT_EQ(made.resident_bytes(), 2 * huge);
    std::memset(made.base(), 1, 2 * huge);
    EXPECT_EQ(huge_bytes_around(made.base()), 0u);
  });
  EXPECT_EQ(without.wait(), 0);
}

class huge_mounts : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Of, huge_mounts,
                         testing::Values("never", "advise", "within_size", "always"),
                         [](const auto& each) { return std::string(each.param); });

TEST_P(huge_mounts, GiveBackPartsOfHugePages) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  const auto body = [](const fs::path& directory) {
    segment_file made = segment_file::create({"m", directory.string()}, 4 * huge, {});
    made.ask_for_huge_pages();
    ASSERT_FALSE(made.commit(0, 2 * huge));
    std::memset(made.base(), 'x', 2 * huge);
    constexpr std::uint64_t hole = 64 << 10;
    ASSERT_FALSE(made.give_back(3 * hole, hole));
    EXPECT_EQ(made.resident_bytes(), 2 * huge - hole);
    EXPECT_EQ(made.base()[3 * hole - 1], std::byte{'x'});
    EXPECT_EQ(made.base()[4 * hole], std::byte{'x'});
    ASSERT_FALSE(made.commit(3 * hole, hole));
    EXPECT_EQ(made.base()[3 * hole], std::byte{0});
    EXPECT_EQ(made.resident_bytes(), 2 * huge);
    EXPECT_EQ(made.base()[2 * huge - 1], std::byte{'x'});
  };
  const test_support::file_system wanted = {"tmpfs", std::string("size=32m,huge=") + GetParam()};
  EXPECT_EQ(test_support::in_private_mount(wanted, body), 0);
}

// A size that is no multiple of a huge page: the last one has to come in small pages.
TEST_P(huge_mounts, AreFullWithAnErrorCodeAndNeverSigbus) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  const auto body = [](const fs::path& directory) {
    constexpr std::uint64_t piece = 3 << 20;
    segment_file made = segment_file::create({"m", directory.string()}, 1ull << 30, {});
    made.ask_for_huge_pages();
    std::uint64_t granted = 0;
    const auto take_all = [&](std::uint64_t step) {
      std::error_code refused;
      while (!(refused = made.commit(granted, step))) {
        std::memset(made.base() + granted, 0x5a, step);
        granted += step;
      }
      return refused;
    };
    EXPECT_EQ(take_all(piece), twinmap::errc::no_space);
    EXPECT_EQ(take_all(toy_page), twinmap::errc::no_space);
    EXPECT_GT(granted, 12u << 20);
    EXPECT_LE(granted, 15u << 20);
    EXPECT_FALSE(made.commit(0, granted));
    std::memset(made.base(), 0xa5, granted);
  };
  const test_support::file_system wanted = {"tmpfs", std::string("size=15m,huge=") + GetParam()};
  EXPECT_EQ(test_support::in_private_mount(wanted, body), 0);
}

// They change how many huge pages the machine has, and so run alone.
class HugetlbfsAlone : public testing::Test {
 protected:
  static constexpr std::size_t pages = 8;
  // Of `pages` pages, as large as the pool.
  static void run(const std::function<void(const map_location&)>& body) {
    TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
    const test_support::huge_page_pool pool(pages);
    if (!pool.why_not().empty()) GTEST_SKIP() << pool.why_not();
    const auto there = [&](const fs::path& directory) {
      EXPECT_EQ(hugetlbfs_page(directory.string()), huge);
      body({"m", directory.string()});
    };
    EXPECT_EQ(test_support::in_private_mount({"hugetlbfs", "pagesize=2M"}, there), 0);
  }
};

TEST_F(HugetlbfsAlone, HoldsASparseFileAndIsFullWithAnErrorCode) {
  run([](const map_location& where) {
    segment_file made = segment_file::create(where, 512 * huge, {});
    EXPECT_TRUE(aligned(made));
    EXPECT_EQ(made.resident_bytes(), 0u) << "nothing is set aside for the whole file";
    ASSERT_FALSE(made.commit(toy_page, toy_page));
    EXPECT_EQ(made.resident_bytes(), huge);
    ASSERT_FALSE(made.commit(huge - toy_page, 2 * toy_page));
    EXPECT_EQ(made.resident_bytes(), 2 * huge);
    std::memset(made.base(), 0x5a, 2 * huge);
    EXPECT_EQ(made.commit(0, 2 * pages * huge), twinmap::errc::no_space);
    EXPECT_FALSE(made.gives_back());
    EXPECT_EQ(made.give_back(0, huge), std::errc::not_supported);
    EXPECT_EQ(made.base()[0], std::byte{0x5a});
    ASSERT_TRUE(made.publish(where));
    const segment_file reader = segment_file::open(where, access::read_only, {});
    EXPECT_EQ(reader.base()[2 * huge - 1], std::byte{0x5a});
    EXPECT_EQ(huge_bytes_around(reader.base()), huge);
  });
}

TEST_F(HugetlbfsAlone, HoldsALockFileWhoseLeasesEndWithTheirHolders) {
  run([](const map_location& where) {
    segment_file segment = segment_file::create(where, huge, {});
    ASSERT_FALSE(segment.commit(0, huge));
    ASSERT_TRUE(segment.publish(where));
    lock_file locks = lock_file::open(where, segment, {1, 2}, {}, 1s);
    const lease_directory directory = {segment.base(), toy_stride, toy_slots};
    const std::atomic<std::uint32_t> nobody = 0;
    const auto take = [&] {
      bool found_dead = false;
      return lease::take(
          locks, directory, nobody, 100, [](std::uint32_t) {}, found_dead);
    };
    lease first = take();
    const lease second = take();
    EXPECT_FALSE(is_dead(locks, first.id()));
    const lease_id gone = first.id();
    const lease_id living = second.id();
    first = lease();
    EXPECT_TRUE(is_dead(locks, gone));
    EXPECT_FALSE(is_dead(locks, living));
    child other([&] {
      lock_file own = lock_file::open(where, segment, {1, 2}, {}, 1s);
      EXPECT_FALSE(is_dead(own, living));
      EXPECT_TRUE(lock_file::open_to_look(where, {1, 2}));
    });
    EXPECT_EQ(other.wait(), 0);
  });
}

TEST_F(HugetlbfsAlone, RefusesALockFileWhenThePoolIsEmpty) {
  run([](const map_location& where) {
    segment_file segment = segment_file::create(where, 2 * pages * huge, {});
    for (std::uint64_t at = 0; !segment.commit(at, huge); at += huge) {
    }
    ASSERT_TRUE(segment.publish(where));
    const std::error_code code = code_of_call([&] {
      lock_file::open(where, segment, {1, 2}, {}, 1s);
    });
    EXPECT_EQ(code, twinmap::errc::no_space);
    EXPECT_FALSE(fs::exists(where.lock_path()));
  });
}

}  // namespace
}  // namespace platform_test
