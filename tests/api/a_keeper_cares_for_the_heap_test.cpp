// heap, commit_ahead and heap_keeper: memory comes before it is needed, and goes when nobody has
// needed it for a while.

#include "fresh_map.hpp"

#include <gtest/gtest.h>
#include <support/names.hpp>
#include <support/privilege.hpp>
#include <support/syscalls.hpp>
#include <twinmap/admin.hpp>
#include <twinmap/map.hpp>

#include <sys/syscall.h>
#include <unistd.h>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;
using strings = twinmap::map<std::string, std::string>;
constexpr std::uint64_t mebibyte = 1u << 20;

std::string key_of(int i, std::size_t length = 8) {
  std::string key = std::to_string(i);
  key.resize(length, '.');
  return key;
}

std::string value_of(int i, std::size_t length = 4096) {
  return std::string(length, static_cast<char>('a' + i % 26));
}

void fill(strings& map, int keys) {
  for (int i = 0; i < keys; ++i)
    map.store(key_of(i), value_of(i));
}

void erase_all_but_each(strings& map, int n, int keys) {
  for (int i = 0; i < keys; ++i)
    if (i % n != 0) map.erase(key_of(i));
}

// Until a pass finds nothing to do. Bounded: one that goes on for ever is a mistake of its own.
int passes_until_quiet(twinmap::heap_keeper& keeper) {
  int passes = 0;
  for (; passes < 20 && keeper.gather_some(100); ++passes)
    while (keeper.gather_some(100)) {
    }
  return passes;
}

// Alone: takes most of the file system.
TEST(CommittingAheadAlone, MakesFreeMemoryResidentOnceAndWithinTheLimit) {
  const test_support::scoped_name name;
  strings map(twinmap::create_only, name, {.max_bytes = 64 * mebibyte});
  const twinmap::heap_state before = twinmap::heap(map);
  const std::uint64_t committed = map.stats().bytes_committed;
  const std::uint64_t came = twinmap::commit_ahead(map, 16 * mebibyte);
  const twinmap::heap_state after = twinmap::heap(map);
  EXPECT_GE(after.chunks_free * after.chunk_bytes, 16 * mebibyte);
  EXPECT_EQ(came, (after.chunks_committed - before.chunks_committed) * after.chunk_bytes);
  EXPECT_GE(map.stats().bytes_committed, committed + came);
  EXPECT_EQ(twinmap::commit_ahead(map, 16 * mebibyte), 0u) << "there is enough";

  const std::uint64_t ahead = map.stats().bytes_committed;
  fill(map, 3000);  // 12 MiB
  EXPECT_LT(map.stats().bytes_committed, ahead + 2 * mebibyte) << "pairs and slots, and no more";
  EXPECT_GE(twinmap::heap(map).chunks_committed, after.chunks_committed);

  EXPECT_GT(twinmap::commit_ahead(map, ~std::uint64_t{0}), 0u);
  EXPECT_LE(map.stats().bytes_committed, 64 * mebibyte);
  EXPECT_EQ(twinmap::commit_ahead(map, ~std::uint64_t{0}), 0u);
  EXPECT_TRUE(twinmap::check(map).findings.empty());
}

TEST(Keeper, GivesBackWhatWasErasedAndTakesItAgain) {
  const test_support::scoped_name name;
  strings map(twinmap::create_only, name, {.max_bytes = 64 * mebibyte});
  twinmap::heap_keeper keeper(map);
  fill(map, 6000);
  const std::uint64_t peak = map.stats().bytes_committed;
  erase_all_but_each(map, 20, 6000);
  EXPECT_LT(passes_until_quiet(keeper), 5);
  EXPECT_GT(keeper.bytes_gathered(), 200u * 4096);
  EXPECT_GT(keeper.give_back(0ns), 18 * mebibyte);
  EXPECT_LT(map.stats().bytes_committed, peak / 4);
  EXPECT_EQ(map.size(), 300u);
  EXPECT_TRUE(twinmap::check(map).findings.empty());
  const twinmap::heap_state state = twinmap::heap(map);
  EXPECT_GT(state.chunks_given_back, 18 * mebibyte / state.chunk_bytes);

  // What was given back comes first, before the heap grows.
  EXPECT_EQ(twinmap::commit_ahead(map, 8 * mebibyte) / mebibyte, 8u);
  EXPECT_EQ(twinmap::heap(map).chunks_committed + twinmap::heap(map).chunks_given_back,
            state.chunks_committed + state.chunks_given_back);
  fill(map, 5500);
  EXPECT_LE(map.stats().bytes_committed, peak);
  EXPECT_TRUE(twinmap::check(map).findings.empty());
}

TEST(Keeper, LeavesWhatIsToBeKeptAndWhatIsYoung) {
  const test_support::scoped_name name;
  strings map(twinmap::create_only, name, {.max_bytes = 64 * mebibyte});
  twinmap::heap_keeper keeper(map);
  twinmap::commit_ahead(map, 8 * mebibyte);
  EXPECT_EQ(keeper.give_back(0ns, 9 * mebibyte), 0u);
  EXPECT_EQ(keeper.give_back(0ns, 6 * mebibyte) / mebibyte, 2u);
  EXPECT_EQ(keeper.give_back(0ns, 6 * mebibyte), 0u);

  constexpr auto age = 400ms;
  EXPECT_EQ(keeper.give_back(age), 0u) << "not for that long";
  std::this_thread::sleep_for(250ms);
  fill(map, 1600);  // all of it was in use for a moment, and starts anew
  map.clear();
  passes_until_quiet(keeper);
  EXPECT_EQ(keeper.give_back(age), 0u);
  std::this_thread::sleep_for(250ms);
  EXPECT_LT(keeper.give_back(age), mebibyte) << "the time before it was used was counted in";
  std::this_thread::sleep_for(250ms);
  EXPECT_GT(keeper.give_back(age), 5 * mebibyte);
}

// The others use what they need again and again, and not all in turn, unless they claim more
// between two calls than there is.
TEST(Keeper, GivesBackWhatABurstTookWhileOthersGoOnClaiming) {
  const test_support::scoped_name name;
  strings map(twinmap::create_only, name, {.max_bytes = 64 * mebibyte});
  twinmap::heap_keeper keeper(map);
  twinmap::commit_ahead(map, 16 * mebibyte);
  std::uint64_t given = 0;
  const auto end = std::chrono::steady_clock::now() + 20s;
  for (int i = 0; given < 8 * mebibyte && std::chrono::steady_clock::now() < end; ++i) {
    for (int turn = 0; turn < 10; ++turn) {
      map.store(key_of(i), value_of(turn, 200'000));
      map.erase(key_of(i));
    }
    given += keeper.give_back(300ms);
  }
  EXPECT_GE(given, 8 * mebibyte);
}

// One key in ten lies in the heap, in a block of the class that the values have. It is one of those
// that stay.
TEST(Keeper, LeavesLongKeysWhereTheyAreAndTriesAChunkOnce) {
  const test_support::scoped_name name;
  strings map(twinmap::create_only, name, {.max_bytes = 64 * mebibyte});
  twinmap::heap_keeper keeper(map);
  constexpr int keys = 3000;
  const auto key = [](int i) { return key_of(i, i % 10 == 0 ? 900 : 8); };
  for (int i = 0; i < keys; ++i)
    map.store(key(i), value_of(i, 1000));
  for (int i = 0; i < keys; ++i)
    if (i % 10 != 0) map.erase(key(i));
  EXPECT_LT(passes_until_quiet(keeper), 6) << "the chunks of the keys are tried again and again";
  EXPECT_GT(keeper.bytes_gathered(), 0u);
  const std::uint64_t moved = keeper.bytes_gathered();
  EXPECT_FALSE(keeper.gather_some(1'000'000)) << "nothing has changed";
  EXPECT_EQ(keeper.bytes_gathered(), moved);
  EXPECT_EQ(map.size(), static_cast<std::uint64_t>(keys / 10));
  for (int i = 0; i < keys; i += 10)
    EXPECT_EQ(map.load(key(i)), value_of(i, 1000));
  EXPECT_TRUE(twinmap::check(map).findings.empty());
}

TEST(Keeper, CostsAnIdleMapNoSystemCall) {
  TWINMAP_REQUIRE_PRIVILEGE(ptrace);
  const auto count = test_support::count_syscalls([](const test_support::syscall_marks& mark) {
    const test_support::scoped_name name;
    strings map(twinmap::create_only, name, {.max_bytes = 64 * mebibyte});
    fill(map, 2000);
    erase_all_but_each(map, 20, 2000);
    twinmap::heap_keeper keeper(map);
    passes_until_quiet(keeper);
    while (keeper.give_back(0ns) != 0) {
    }
    keeper.give_back(1h);
    mark.begin();
    bool more = false;
    std::uint64_t given = 0;
    for (int i = 0; i < 100; ++i) {
      more = more || keeper.gather_some(1000);
      given += keeper.give_back(1h);
    }
    mark.end();
    EXPECT_FALSE(more);
    EXPECT_EQ(given, 0u);
  });
  EXPECT_TRUE(count.marked);
  EXPECT_EQ(count.total, 0);
  EXPECT_EQ(count.ended, 0);
}

TEST(Keeper, WantsAHandleThatMayWriteAndHeapDoesNot) {
  const test_support::scoped_name name;
  strings map(twinmap::create_only, name, {.max_bytes = 4 * mebibyte});
  fill(map, 100);
  strings reader(twinmap::open_read_only, name);
  EXPECT_GT(twinmap::heap(reader).chunks_committed, 6u);
  EXPECT_EQ(twinmap::heap(reader).chunks_committed, twinmap::heap(map).chunks_committed);
  EXPECT_GT(twinmap::give_back_age(reader), 0s);
  std::error_code code;
  EXPECT_EQ(twinmap::commit_ahead(reader, mebibyte, code), 0u);
  EXPECT_EQ(code, twinmap::errc::read_only);
  EXPECT_THROW(twinmap::heap_keeper{reader}, twinmap::error);
}

}  // namespace
