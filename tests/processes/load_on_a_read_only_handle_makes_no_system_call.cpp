// P1 and P2 on a PROT_READ mapping: no system call, not a byte changed, whoever the user is.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <xxhash.h>
#include <maps/raw_map.hpp>
#include <maps/self_verifying.hpp>
#include <support/child.hpp>
#include <support/names.hpp>
#include <support/privilege.hpp>
#include <support/sandbox.hpp>
#include <support/shared_page.hpp>
#include <support/syscalls.hpp>
#include <twinmap/map.hpp>

#include <atomic>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

namespace process_tests {
namespace {

using map_type = twinmap::map<std::uint64_t, std::uint64_t>;
constexpr std::uint64_t keys = 10'000;
constexpr std::uint64_t loads = 10'000'000;

std::uint64_t hash_of_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> part(1 << 20);
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  while (file.read(part.data(), static_cast<std::streamsize>(part.size())), file.gcount() != 0)
    XXH3_64bits_update(&state, part.data(), static_cast<std::size_t>(file.gcount()));
  EXPECT_TRUE(file.eof());
  return XXH3_64bits_digest(&state);
}

// Keys in read, in dirty only, deleted ones, and ones that never were: every way a lookup can end.
void fill(map_type& map) {
  for (std::uint64_t key = 0; key < keys; ++key)
    map.store(key, key + 1);
  for (std::uint64_t i = 0; i < 2 * keys; ++i)
    EXPECT_TRUE(map.contains(keys - 1));  // misses enough to promote
  map.erase(5);
  for (std::uint64_t key = keys; key < 2 * keys; ++key)
    map.store(key, key + 1);
}

class ReadOnly : public testing::Test {
 protected:
  test_support::scoped_name name;
  twinmap::options settings{.max_bytes = 64ull << 20};
};

TEST_F(ReadOnly, TenMillionLoadsMakeNoSystemCallAndChangeNoByte) {
  TWINMAP_REQUIRE_PRIVILEGE(ptrace);
  map_type map(twinmap::create_only, name, settings);
  fill(map);
  const std::uint64_t before = hash_of_file(name.segment_file());

  const auto counted = test_support::count_syscalls([&](const test_support::syscall_marks& marks) {
    const map_type reader(twinmap::open_read_only, name);
    test_maps::random_source random(1);
    std::uint64_t found = 0;
    marks.begin();
    for (std::uint64_t i = 0; i < loads; ++i) {
      const std::uint64_t key = random.below(3 * keys);
      const auto value = reader.load(key);
      found += value.has_value() && *value == key + 1;
    }
    marks.end();
    EXPECT_GT(found, loads * 6 / 10);
    EXPECT_LT(found, loads * 7 / 10);
  });

  EXPECT_EQ(counted.ended, 0);
  ASSERT_TRUE(counted.marked);
  EXPECT_EQ(counted.total, 0) << "first: system call " << counted.by_number.begin()->first;
  EXPECT_EQ(hash_of_file(name.segment_file()), before);
}

TEST_F(ReadOnly, AHitOnAWritableHandleMakesNoSystemCallEither) {
  TWINMAP_REQUIRE_PRIVILEGE(ptrace);
  map_type map(twinmap::create_only, name, settings);
  fill(map);
  const auto counted = test_support::count_syscalls([&](const test_support::syscall_marks& marks) {
    const map_type reader(twinmap::open_only, name);
    marks.begin();
    for (std::uint64_t i = 0; i < 1'000'000; ++i)
      EXPECT_NE(reader.contains(i % keys), i % keys == 5);
    marks.end();
  });
  EXPECT_EQ(counted.ended, 0);
  ASSERT_TRUE(counted.marked);
  EXPECT_EQ(counted.total, 0) << "first: system call " << counted.by_number.begin()->first;
}

TEST_F(ReadOnly, EveryMutatorThrowsReadOnlyAndChangesNothing) {
  map_type map(twinmap::create_only, name, settings);
  fill(map);
  map_type reader(twinmap::open_read_only, name);
  EXPECT_TRUE(reader.read_only());
  const std::uint64_t before = hash_of_file(name.segment_file());
  const auto refused = [](auto mutate) {
    try {
      mutate();
      ADD_FAILURE() << "was allowed";
    } catch (const twinmap::error& error) {
      EXPECT_EQ(error.code(), twinmap::errc::read_only) << error.what();
    }
  };
  for (const std::uint64_t key : {std::uint64_t{1}, std::uint64_t{5}, 50 * keys}) {
    refused([&] { reader.store(key, 1); });
    refused([&] { reader.load_or_store(key, 1); });
    refused([&] { reader.exchange(key, 1); });
    refused([&] { reader.erase(key); });
    refused([&] { reader.load_and_erase(key); });
    refused([&] { reader.compare_exchange(key, 2, 3); });
    refused([&] { reader.compare_erase(key, 2); });
    refused([&] { reader.fetch_add(key, 1); });
  }
  refused([&] { reader.clear(); });
  EXPECT_EQ(hash_of_file(name.segment_file()), before);
}

TEST_F(ReadOnly, AnUnprivilegedGroupMemberSeesInsertsUpdatesAndPromotions) {
  TWINMAP_REQUIRE_PRIVILEGE(change_user);
  constexpr gid_t group = 54321;
  constexpr uid_t user = 65534;
  settings.mode = 0640;
  settings.group = group;
  map_type map(twinmap::create_only, name, settings);
  fill(map);

  test_support::shared_page<std::atomic<std::uint64_t>> step;
  const auto wait_for = [&](std::uint64_t at) {
    ASSERT_TRUE(test_support::eventually([&] { return *step >= at; }));
  };
  test_support::child member = test_support::as_user(user, group, {group}, [&] {
    map_type reader(twinmap::open_read_only, name);
    EXPECT_EQ(reader.load(1), 2u);
    EXPECT_THROW(reader.store(1, 1), twinmap::error);
    EXPECT_THROW(map_type(twinmap::open_only, name), twinmap::error) << "it may not write";
    EXPECT_EQ(reader.load(77'777'777), std::nullopt);
    *step = 1;
    wait_for(2);
    EXPECT_EQ(reader.load(77'777'777), 1u) << "a later insert";
    EXPECT_EQ(reader.load(1), 1'000u) << "a later update";
    EXPECT_EQ(reader.load(2), std::nullopt) << "a later erase";
    *step = 3;
    wait_for(4);
    EXPECT_EQ(reader.load(77'777'777), 1u) << "after a promotion";
    EXPECT_EQ(reader.load(keys + 7), keys + 8);
  });
  wait_for(1);
  map.store(77'777'777, 1);
  map.store(1, 1'000);
  map.erase(2);
  *step = 2;
  wait_for(3);
  const auto promotions = [&] {
    return test_maps::raw_map<std::uint64_t, std::uint64_t>(test_maps::attach_mode::open_read_only,
                                                            name)
        .counted(test_maps::counter::promotions);
  };
  const std::uint64_t before = promotions();
  for (std::uint64_t i = 0; i < 4 * keys; ++i)
    EXPECT_TRUE(map.contains(77'777'777));
  EXPECT_GT(promotions(), before);
  *step = 4;
  EXPECT_EQ(member.wait(), 0);

  test_support::child stranger = test_support::as_user(user, user, {}, [&] {
    EXPECT_THROW(map_type(twinmap::open_read_only, name), twinmap::error) << "not of the group";
  });
  EXPECT_EQ(stranger.wait(), 0);
}

}  // namespace
}  // namespace process_tests
