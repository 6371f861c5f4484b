// P7: memory, entries and leases run out with an error that says so. Never SIGBUS, never a lost old
// value; a failed operation has no effect; erase works when full and makes room.

#include <gtest/gtest.h>
#include <maps/raw_map.hpp>
#include <maps/self_verifying.hpp>
#include <support/child.hpp>
#include <support/names.hpp>
#include <support/privilege.hpp>
#include <support/sandbox.hpp>
#include <support/shared_page.hpp>
#include <twinmap/heap_care.hpp>
#include <twinmap/map.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace process_tests {
namespace {

constexpr std::size_t tmpfs_bytes = 4u << 20;

std::error_code code_of(const auto& mutate) {
  try {
    mutate();
  } catch (const twinmap::error& error) {
    EXPECT_NE(std::string(error.what()).find_first_of("0123456789"), std::string::npos)
        << "the text gives no number: " << error.what();
    return error.code();
  }
  return {};
}

std::string some_value(std::size_t length, std::uint64_t seed) {
  std::string value(length, '\0');
  test_maps::fill_self_verifying(value, seed);
  return value;
}

using strings = twinmap::map<std::uint64_t, std::string>;
using reference = std::map<std::uint64_t, std::string>;

void expect_equal(const strings& map, const reference& expected) {
  for (const auto& [key, value] : expected)
    ASSERT_EQ(map.load(key), value) << key;
  ASSERT_EQ(map.size(), expected.size());
}

// Stores new keys until one is refused, and one more refusal of each kind of mutator.
std::uint64_t fill_up(strings& map, reference& expected, std::size_t length) {
  for (std::uint64_t key = 0;; ++key) {
    const std::string value = some_value(length, key);
    const std::error_code code = code_of([&] { map.store(key, value); });
    if (code) {
      EXPECT_EQ(code, twinmap::errc::no_space);
      EXPECT_EQ(map.load(key), std::nullopt) << "a failed store has no effect";
      return key;
    }
    expected[key] = value;
  }
}

TEST(AFullTmpfs, GivesNoSpaceKeepsEveryValueAndEraseMakesRoom) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  const auto ended = test_support::in_private_tmpfs(tmpfs_bytes, [](const auto& directory) {
    constexpr std::size_t length = 1000;
    strings map(twinmap::create_only, "full", {.max_bytes = 256u << 20, .directory = directory});
    test_support::shared_page<std::atomic<bool>> done;
    test_support::child reader([&] {  // walks everything all the while, also when nothing is left
      const strings own(twinmap::open_read_only, "full", {.directory = directory});
      while (!*done)
        own.for_each([](std::uint64_t, const std::string& value) {
          EXPECT_TRUE(test_maps::verifies(value));
        });
    });

    reference expected;
    const std::uint64_t full_at = fill_up(map, expected, length);
    EXPECT_GT(full_at, tmpfs_bytes / length / 3) << "most of the space went elsewhere";
    expect_equal(map, expected);

    for (int attempt = 0; attempt < 100; ++attempt) {
      const std::uint64_t key = static_cast<std::uint64_t>(attempt) % full_at;
      EXPECT_EQ(code_of([&] { map.store(key, some_value(200'000, 1)); }), twinmap::errc::no_space);
      EXPECT_EQ(code_of([&] { map.exchange(key, some_value(200'000, 1)); }),
                twinmap::errc::no_space);
      EXPECT_EQ(map.load(key), expected[key]);
    }
    expect_equal(map, expected);

    // Room for a value of that size class at once, to an existing key …
    ASSERT_TRUE(map.erase(0));
    expected.erase(0);
    const std::string other = some_value(length, 4242);
    EXPECT_EQ(code_of([&] { map.store(1, other); }), std::error_code());
    expected[1] = other;
    // … and for a new key, after a purge that needs no memory.
    for (std::uint64_t key = 2; key < full_at / 2; ++key) {
      ASSERT_TRUE(map.erase(key)) << key;
      expected.erase(key);
    }
    for (std::uint64_t key = full_at + 1; key < full_at + full_at / 4; ++key) {
      const std::string value = some_value(length, key);
      ASSERT_EQ(code_of([&] { map.store(key, value); }), std::error_code()) << key;
      expected[key] = value;
    }
    expect_equal(map, expected);
    *done = true;
    EXPECT_EQ(reader.wait(), 0);
  });
  EXPECT_EQ(ended, 0);
}

// Memory that was given back may be somebody else's when it is needed again.
TEST(AFullTmpfs, HasNoSpaceForWhatWasGivenBackUntilThereIsRoomAgain) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  const auto ended = test_support::in_private_tmpfs(2 * tmpfs_bytes, [](const auto& directory) {
    constexpr std::size_t length = 1000;
    strings map(twinmap::create_only, "full", {.max_bytes = 256u << 20, .directory = directory});
    twinmap::heap_keeper keeper(map);
    reference expected;
    const auto store = [&](std::uint64_t key, std::size_t bytes) {
      const std::string value = some_value(bytes, key);
      const std::error_code code = code_of([&] { map.store(key, value); });
      if (!code) expected[key] = value;
      return code;
    };
    for (std::uint64_t key = 0; key < 4000; ++key)
      ASSERT_EQ(store(key, length), std::error_code());
    for (std::uint64_t key = 0; key < 3900; ++key) {
      ASSERT_TRUE(map.erase(key));
      expected.erase(key);
    }
    while (keeper.gather_some(1000)) {
    }
    EXPECT_GE(keeper.give_back(std::chrono::nanoseconds{0}), 3'000'000u);
    expect_equal(map, expected);
    const std::filesystem::path filler = directory / "filler";
    {
      std::ofstream all(filler, std::ios::binary);
      const std::string page(4096, 'f');
      while (all.write(page.data(), 4096).flush()) {
      }
    }
    test_support::shared_page<std::atomic<bool>> done;
    test_support::child reader([&] {
      const strings own(twinmap::open_read_only, "full", {.directory = directory});
      while (!*done)
        own.for_each([](std::uint64_t, const std::string& value) {
          EXPECT_TRUE(test_maps::verifies(value));
        });
    });
    const std::uint64_t given_back = twinmap::heap(map).chunks_given_back;
    ASSERT_GT(given_back, 40u);
    // Blocks, runs and tables: refused once what is resident has been used up.
    std::uint64_t stored = 0;
    while (!store(10'000 + stored, length))
      ++stored;
    EXPECT_LT(stored, 1000u);
    for (int attempt = 0; attempt < 20; ++attempt) {
      EXPECT_EQ(store(20'000, length), twinmap::errc::no_space);
      EXPECT_EQ(store(20'000, 200'000), twinmap::errc::no_space);
      EXPECT_EQ(store(3900, 200'000), twinmap::errc::no_space);
    }
    EXPECT_GE(twinmap::heap(map).chunks_given_back, given_back);
    EXPECT_EQ(twinmap::commit_ahead(map, 64u << 20), 0u);
    expect_equal(map, expected);
    ASSERT_TRUE(map.erase(3950));
    expected.erase(3950);
    EXPECT_EQ(store(3951, length), std::error_code()) << "erase makes room at once";
    std::filesystem::remove(filler);
    for (std::uint64_t key = 0; key < 2000; ++key)
      ASSERT_EQ(store(30'000 + key, length), std::error_code()) << key;
    EXPECT_EQ(store(20'000, 200'000), std::error_code());
    expect_equal(map, expected);
    *done = true;
    EXPECT_EQ(reader.wait(), 0);
  });
  EXPECT_EQ(ended, 0);
}

TEST(AFullTmpfs, IsNotMadeByCommittingAhead) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  constexpr std::size_t size = 64u << 20;
  const auto ended = test_support::in_private_tmpfs(size, [](const auto& directory) {
    strings map(twinmap::create_only, "ahead", {.max_bytes = 256u << 20, .directory = directory});
    EXPECT_GT(twinmap::commit_ahead(map, 1u << 30), size / 16 * 14);
    EXPECT_GE(std::filesystem::space(directory).available, size / 16);
    EXPECT_EQ(twinmap::commit_ahead(map, 1u << 30), 0u);
  });
  EXPECT_EQ(ended, 0);
}

// What needs no memory goes on working: values in the slot, and erase.
TEST(AFullTmpfs, ChangesSmallValuesOfExistingKeys) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  const auto ended = test_support::in_private_tmpfs(tmpfs_bytes, [](const auto& directory) {
    using integers = twinmap::map<std::uint64_t, std::uint64_t>;
    integers map(twinmap::create_only, "full", {.max_bytes = 256u << 20, .directory = directory});
    std::uint64_t keys = 0;
    std::error_code code;
    while (!(code = code_of([&] { map.store(keys, keys); })))
      ++keys;
    EXPECT_EQ(code, twinmap::errc::no_space);
    EXPECT_GT(keys, 20'000u);
    for (std::uint64_t key = 0; key < keys; ++key) {
      ASSERT_EQ(map.load(key), key);
      map.store(key, key + 1);
      ASSERT_TRUE(map.compare_exchange(key, key + 1, key + 2));
    }
    EXPECT_EQ(map.load(keys), std::nullopt);
    EXPECT_EQ(map.size(), keys);
    // Erase, and as many new keys, again and again.
    for (std::uint64_t round = 1; round <= 20; ++round) {
      for (std::uint64_t i = 0; i < 1000; ++i)
        ASSERT_TRUE(map.erase((round - 1) * 1000 + i));
      for (std::uint64_t i = 0; i < 900; ++i)
        ASSERT_EQ(code_of([&] { map.store(round * 10'000'000 + i, i); }), std::error_code())
            << "round " << round << ", new key " << i;
    }
    EXPECT_EQ(map.size(), keys - 20 * 100);
  });
  EXPECT_EQ(ended, 0);
}

TEST(AFullTmpfs, RefusesANewMapAndLeavesNothingBehind) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  const auto ended = test_support::in_private_tmpfs(16u << 10, [](const auto& directory) {
    const std::error_code code = code_of([&] {
      twinmap::map<std::uint64_t, std::uint64_t> map(twinmap::create_only, "none",
                                                     {.directory = directory});
    });
    EXPECT_EQ(code, twinmap::errc::no_space);
    EXPECT_TRUE(std::filesystem::is_empty(directory));
  });
  EXPECT_EQ(ended, 0);
}

TEST(MaxBytes, IsALimitLikeAFullFileSystem) {
  const test_support::scoped_name name;
  strings map(twinmap::create_only, name, {.max_bytes = 4u << 20});
  reference expected;
  const std::uint64_t full_at = fill_up(map, expected, 300);
  expect_equal(map, expected);
  for (std::uint64_t key = 0; key < full_at; ++key)
    EXPECT_TRUE(map.erase(key));
  EXPECT_EQ(map.size(), 0u);
  for (std::uint64_t key = 1'000'000; key < 1'000'000 + full_at / 2; ++key)
    ASSERT_EQ(code_of([&] { map.store(key, some_value(300, key)); }), std::error_code()) << key;
}

TEST(MaxEntries, IsAnErrorAndEraseMakesRoom) {
  constexpr std::uint64_t limit = 1000;
  const test_support::scoped_name name;
  twinmap::map<std::uint64_t, std::uint64_t> map(twinmap::create_only, name,
                                                 {.max_bytes = 16u << 20, .max_entries = limit});
  std::uint64_t keys = 0;
  std::error_code code;
  while (!(code = code_of([&] { map.store(keys, keys); })))
    ++keys;
  EXPECT_EQ(code, twinmap::errc::too_many_entries);
  EXPECT_GE(keys, limit);
  EXPECT_LE(keys, map.options().max_entries);
  for (std::uint64_t i = 0; i < 5 * limit; ++i) {
    ASSERT_TRUE(map.erase(i));
    ASSERT_EQ(code_of([&] { map.store(keys + i, 1); }), std::error_code()) << i;
    ASSERT_EQ(code_of([&] { map.store(1'000'000'000, 1); }), twinmap::errc::too_many_entries);
  }
  EXPECT_EQ(map.size(), keys);
}

TEST(MaxWriters, IsAnErrorForTheThreadThatWritesAndReadersDoNotCount) {
  constexpr std::uint32_t limit = 4;
  const test_support::scoped_name name;
  using integers = twinmap::map<std::uint64_t, std::uint64_t>;
  integers map(twinmap::create_only, name, {.max_bytes = 16u << 20, .max_writers = limit});
  map.store(1, 1);
  test_support::shared_page<std::atomic<int>> writing;
  test_support::shared_page<std::atomic<int>> refused;
  test_support::shared_page<std::atomic<bool>> done;
  {
    std::vector<test_support::child> crew;
    for (int id = 0; id < 6; ++id)
      crew.emplace_back([&, id] {
        integers own(twinmap::open_only, name);
        EXPECT_EQ(own.load(1), 1u);
        const std::error_code code =
            code_of([&] { own.store(10 + static_cast<std::uint64_t>(id), 1); });
        EXPECT_TRUE(!code || code == twinmap::errc::too_many_writers) << code;
        ++*(code ? refused : writing);
        EXPECT_TRUE(test_support::eventually([&] { return done->load(); }));
        EXPECT_EQ(own.load(1), 1u);
      });
    EXPECT_TRUE(test_support::eventually([&] { return *writing + *refused == 6; }));
    EXPECT_EQ(*writing, static_cast<int>(limit) - 1);
    *done = true;
    for (test_support::child& one : crew)
      EXPECT_EQ(one.wait(), 0);
  }
  for (int round = 0; round < 20; ++round) {  // leases come back: when their holders leave …
    std::thread([&] { map.store(2, 2); }).join();
    test_support::child brief([&] {  // … and when they are killed
      integers own(twinmap::open_only, name);
      own.store(3, 3);
      ::raise(SIGKILL);
    });
    EXPECT_EQ(brief.wait().signal, SIGKILL);
  }
  EXPECT_EQ(map.load(3), 3u);
}

}  // namespace
}  // namespace process_tests
