// One handle acts on values in blocks; between any two of its accesses another one stores so often
// that every block, stamp and slot that the first has seen serves again, for something else. Nobody
// gets a value that was never that key's, and nothing is anybody's twice.

#include <sys/stat.h>
#include <support/touches.hpp>
#include <twinmap/admin.hpp>
#include <twinmap/error.hpp>
#include <twinmap/map.hpp>
#include <twinmap/map_access.hpp>
#include <twinmap/protocol/heap_care.hpp>
#include <twinmap/protocol/standby_memory.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "flux.hpp"

namespace protocol_tests {
namespace {

constexpr int keys_in_all = 6;
constexpr std::size_t value_bytes = 120;

std::string key_number(int i) {
  return "key " + std::to_string(i);
}

// All of one letter, of the key's own.
std::string value_of(int key, int round) {
  const char letter = static_cast<char>((round % 2 == 0 ? 'a' : 'A') + key);
  return std::string(value_bytes, letter);
}
bool is_value_of(int key, const std::string& value) {
  return value == value_of(key, 0) || value == value_of(key, 1);
}

void churn(texts& map) {
  for (int round = 0; round != 8; ++round)
    for (int key = 0; key != keys_in_all; ++key)
      map.store(key_number(key), value_of(key, round));
}

// What a sweep freed serves again only when everybody's own stock is used up.
constexpr int in_stock = 64;
void use_stock_up(texts& map) {
  for (int i = 0; i != in_stock; ++i)
    map.store("new " + std::to_string(i), value_of(i % keys_in_all, i));
}
void expect_stock(texts& map) {
  for (int i = 0; i != in_stock; ++i)
    EXPECT_EQ(map.load("new " + std::to_string(i)), value_of(i % keys_in_all, i)) << i;
}

struct act {
  std::string name;
  std::function<std::optional<std::string>(texts&)> run;
  bool absent = false;  // the key, before it
};

void PrintTo(const act& each, std::ostream* to) {
  *to << each.name;
}

class Churn : public testing::TestWithParam<act> {
 protected:
  struct world {
    world() {
      for (int key = 0; key != keys_in_all; ++key)
        one.store(key_number(key), value_of(key, 0));
      one.promote();
      churn(one);
      churn(other);
      churn(one);
      if (GetParam().absent) one.erase(key_number(0));
    }
    test_support::scoped_name name;
    texts one{attach_mode::create_only, name, of_a_small_map()};
    texts other{attach_mode::open_only, name, of_a_small_map()};
  };
};

TEST_P(Churn, HarmsNobody) {
  if (!test_support::can_come_between) GTEST_SKIP() << "takes x86's trap flag, and no sanitizer";
  std::vector<test_support::place> places;
  {
    world in;
    auto& file = in.one.raw().state().file;
    places =
        test_support::find_touches(file.base(), file.size(), 20, [&] { GetParam().run(in.one); });
  }
  ASSERT_GT(places.size(), 5u);
  for (std::size_t i = 0; i != places.size() && !HasFailure(); ++i) {
    SCOPED_TRACE("place " + std::to_string(i) + " of " + std::to_string(places.size()));
    world in;
    std::optional<std::string> told;
    const bool came = test_support::come_between(
        places[i], [&] { told = GetParam().run(in.one); },
        [&] {
          churn(in.other);
          in.other.sweep();
          use_stock_up(in.other);
          churn(in.other);
        });
    if (told) {
      EXPECT_TRUE(is_value_of(0, *told)) << *told;
    }
    const auto report = in.one.check();
    for (const std::string& finding : report.findings)
      ADD_FAILURE() << finding;
    EXPECT_EQ(report.blocks_orphaned, 0u);
    EXPECT_EQ(in.one.size(), in.one.count());
    churn(in.one);
    for (int key = 0; key != keys_in_all; ++key)
      EXPECT_EQ(in.other.load(key_number(key)), value_of(key, 7)) << key;
    if (came) expect_stock(in.one);
    EXPECT_TRUE(in.one.check().findings.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(
    During, Churn,
    testing::Values(
        act{"Load", [](texts& map) { return map.load(key_number(0)); }},
        act{"Store",
            [](texts& map) -> std::optional<std::string> {
              map.store(key_number(0), value_of(0, 1));
              return std::nullopt;
            }},
        act{"Revive",
            [](texts& map) -> std::optional<std::string> {
              map.store(key_number(0), value_of(0, 1));
              return std::nullopt;
            },
            true},
        act{"Exchange", [](texts& map) { return map.exchange(key_number(0), value_of(0, 1)); }},
        act{"LoadAndErase", [](texts& map) { return map.load_and_erase(key_number(0)); }},
        act{"CompareExchange",
            [](texts& map) -> std::optional<std::string> {
              map.compare_exchange(key_number(0), value_of(0, 7), value_of(0, 0));
              return std::nullopt;
            }}),
    [](const auto& each) { return each.param.name; });

// A word that comes while the last marks are copied is in the copy, or marked.
TEST(Marks, OfWordsThatComeWhileOthersAreCopiedAreKept) {
  if (!test_support::can_come_between) GTEST_SKIP() << "takes x86's trap flag, and no sanitizer";
  bool came = true;
  std::size_t places = 0;
  for (; came && !testing::Test::HasFailure(); ++places) {
    const test_support::scoped_name name;
    texts map(attach_mode::create_only, name, of_a_small_map());
    texts other(attach_mode::open_only, name, of_a_small_map());
    store(map, 0, 6);
    map.promote();
    store(map, 6, 12);
    twinmap::protocol::standby_copier copier(map.raw());
    const auto& standby = map.raw().view.header->standby;
    while (standby.state != static_cast<std::uint32_t>(twinmap::protocol::standby_state::copying))
      copier.step(1);
    const root_word dirty{map.raw().view.roots->dirty.load()};
    copier.step(dirty.groups() - 1);
    store(other, 12, 13);  // marked
    auto& file = map.raw().state().file;
    std::size_t here = 0;
    came = false;
    test_support::watch_accesses(
        file.base(), file.size(), [&] { copier.step(1); },
        [&](std::uintptr_t) {
          if (here++ != places) return true;
          came = true;
          store(other, 13, 15);
          return false;
        });
    other.promote();
    EXPECT_EQ(moment(map).wrong(), "") << "before access " << places;
    for (const std::string& finding : map.check().findings)
      ADD_FAILURE() << finding;
  }
  EXPECT_GT(places, 20u);
}

// Whatever becomes of the tables while one copies: the copy is dirty's, or it is no more.
struct turn {
  std::string name;
  std::function<void(texts&)> run;
};
void PrintTo(const turn& each, std::ostream* to) {
  *to << each.name;
}

using twinmap::protocol::standby_state;

class Copier : public testing::TestWithParam<turn> {
 protected:
  static test_maps::raw_settings hasty() {
    test_maps::raw_settings settings = of_a_small_map();
    settings.lock_timeout = std::chrono::milliseconds(1);
    return settings;
  }
  // Where the copier has the mutex nobody else comes in between.
  static void run_in(texts& other) try {
    GetParam().run(other);
  } catch (const twinmap::error& late) {
    EXPECT_EQ(late.code(), make_error_code(twinmap::errc::lock_timeout));
  }
  struct world {
    world() {
      store(map, 0, 6);
      map.promote();
      store(map, 6, 12);
    }
    test_support::scoped_name name;
    texts map{attach_mode::create_only, name, of_a_small_map()};
    texts other{attach_mode::open_only, name, hasty()};
    twinmap::protocol::standby_copier copier{map.raw()};

    void copy() {
      using progress = twinmap::protocol::standby_copier::progress;
      constexpr int most = 1000;
      for (int i = 0; i != most && copier.step(1) == progress::copying; ++i) {
      }
    }
  };
};

TEST_P(Copier, LeavesNothingThatIsNobodys) {
  if (!test_support::can_come_between) GTEST_SKIP() << "takes x86's trap flag, and no sanitizer";
  std::vector<test_support::place> places;
  {
    world in;
    auto& file = in.map.raw().state().file;
    places = test_support::find_touches(file.base(), file.size(), 2, [&] { in.copy(); });
  }
  for (std::size_t i = 0; i != places.size() && !HasFailure(); ++i) {
    SCOPED_TRACE("place " + std::to_string(i) + " of " + std::to_string(places.size()));
    world in;
    test_support::come_between(
        places[i], [&] { in.copy(); }, [&] { run_in(in.other); });
    EXPECT_EQ(moment(in.map).wrong(), "");
    // Nobody copies any more.
    const auto state = twinmap::protocol::state_of_standby(in.map.raw().view);
    EXPECT_TRUE(state == standby_state::none || state == standby_state::ready);
    in.other.promote();
    EXPECT_EQ(moment(in.map).wrong(), "");
    store(in.other, 100, 102);
    const auto report = in.map.check();
    for (const std::string& finding : report.findings)
      ADD_FAILURE() << finding;
    EXPECT_EQ(report.used_bytes, report.reachable_bytes);
  }
}

INSTANTIATE_TEST_SUITE_P(While, Copier,
                         testing::Values(turn{"OthersInsert",
                                              [](texts& map) { store(map, 12, 14); }},
                                         turn{"OthersPromote", [](texts& map) { map.promote(); }},
                                         turn{"DirtyGrows", [](texts& map) { store(map, 12, 60); }},
                                         turn{"AnotherCopies",
                                              [](texts& map) {
                                                map.promote();
                                                store(map, 60, 62);
                                                map.prepare_standby();
                                              }}),
                         [](const auto& each) { return each.param.name; });

// What was claimed with a lease is that lease's: a thread that takes a copier over begins anew.
TEST(CopierOfAnotherThread, LeavesAloneWhatWasClaimedByTheFirst) {
  using progress = twinmap::protocol::standby_copier::progress;
  const test_support::scoped_name name;
  texts map(attach_mode::create_only, name, of_a_small_map());
  store(map, 0, 6);
  map.promote();
  store(map, 6, 12);
  twinmap::protocol::standby_copier copier(map.raw());
  ASSERT_EQ(copier.step(1), progress::copying);
  const auto claimed = [&] {
    const auto& chunks = map.raw().state().blocks.chunks();
    int found = 0;
    for (std::uint32_t chunk = 0; chunk != chunks.committed(); ++chunk)
      found += chunks.load(chunk).kind() == chunk_kind::claimed ? 1 : 0;
    return found;
  };
  ASSERT_EQ(claimed(), 1);
  auto told = progress::ready;
  std::thread([&] { told = copier.step(1); }).join();
  EXPECT_EQ(told, progress::nothing);
  EXPECT_EQ(claimed(), 1);
}

// (G1), (G2): a chunk's record says that its memory is gone before it goes, and that it is there
// once it is.
TEST(GivenBack, IsSaidBeforeTheMemoryGoesAndTakenBackAfterItCame) {
  if (!test_support::can_come_between) GTEST_SKIP() << "takes x86's trap flag, and no sanitizer";
  const test_support::scoped_name name;
  texts map(attach_mode::create_only, name, of_a_small_map());
  twinmap::protocol::writer by = begin_care(map.raw());
  auto& chunks = by.blocks().chunks();
  auto& file = map.raw().state().file;
  const auto first = chunks.claim(1, by.context.me);
  ASSERT_TRUE(first);
  chunks.release_claimed(*first, 1);
  const auto blocks = [&] {
    struct stat status = {};
    ::fstat(file.descriptor(), &status);
    return status.st_blocks;
  };
  const auto is_away = [&] {
    return (map.raw().view.chunk(*first).pairs.load() & storage::given_back_bit) != 0;
  };
  const blkcnt_t all = blocks();
  bool untold = false;
  const auto look = [&](std::uintptr_t) {
    untold = untold || (blocks() < all && !is_away());
    return true;
  };
  const storage::chunk_entry seen[] = {chunks.load(*first)};
  test_support::watch_accesses(
      file.base(), file.size(),
      [&] { EXPECT_EQ(chunks.give_back(*first, seen, by.context.me), 1u); }, look);
  ASSERT_LT(blocks(), all);
  EXPECT_TRUE(is_away());
  // Again: all that there is.
  test_support::watch_accesses(
      file.base(), file.size(),
      [&] {
        while (chunks.claim(1, by.context.me)) {
        }
      },
      [&](std::uintptr_t) {
        untold = untold || (blocks() < all && !is_away());
        return is_away();
      });
  EXPECT_FALSE(is_away());
  EXPECT_FALSE(untold) << "there was no memory, and the record did not say so";
}

// A key is counted once, whoever else erases or stores it meanwhile.
TEST(SizeInPlace, IsRightWhoeverComesBetween) {
  if (!test_support::can_come_between) GTEST_SKIP() << "takes x86's trap flag, and no sanitizer";
  using numbers = twinmap::map<std::uint64_t, std::uint64_t>;
  for (const bool erase : {true, false}) {
    const auto run = [erase](const std::function<void(numbers&, numbers&)>& then) {
      const test_support::scoped_name name;
      numbers one(twinmap::create_only, name, {.max_bytes = 4u << 20});
      numbers other(twinmap::open_only, name);
      one.store(3, 1);
      one.store(4, 1);
      ASSERT_TRUE(twinmap::promote(one));
      other.store(3, 2);
      one.store(3, 1);
      if (!erase) one.erase(3);
      then(one, other);
      std::uint64_t count = 0;
      one.for_each([&](std::uint64_t, std::uint64_t) { ++count; });
      EXPECT_EQ(one.size(), count);
    };
    const auto act = [erase](numbers& map) {
      if (erase)
        map.erase(3);
      else
        map.store(3, 5);
    };
    std::vector<test_support::place> places;
    run([&](numbers& one, numbers&) {
      auto& file = twinmap::detail::map_access::handle(one).state().file;
      places = test_support::find_touches(file.base(), file.size(), 4, [&] { act(one); });
    });
    for (const auto& place : places)
      run([&](numbers& one, numbers& other) {
        test_support::come_between(
            place, [&] { act(one); },
            [&] {
              if (erase)
                other.erase(3);
              else
                other.store(3, 7);
            });
      });
  }
}

// R2: who has seen the slot before sees that it was changed, also if its owner knew the way.
TEST(VersionInPlace, GrowsWithEachStore) {
  const test_support::scoped_name name;
  twinmap::map<std::uint64_t, std::uint64_t> map(twinmap::create_only, name,
                                                 {.max_bytes = 4u << 20});
  map.store(3, 0);
  ASSERT_TRUE(twinmap::promote(map));
  const auto version = [&] {
    std::uint64_t found = 0;
    twinmap::protocol::for_each_slot(twinmap::detail::map_access::handle(map),
                                     [&](const twinmap::protocol::slot_info& each) {
                                       found = each.version;
                                       return false;
                                     });
    return found;
  };
  map.store(3, 1);
  std::uint64_t last = version();
  for (std::uint64_t i = 0; i != 10; ++i) {
    ASSERT_EQ(map.load(3), i + 1);
    map.store(3, i + 2);
    EXPECT_GT(version(), last);
    last = version();
  }
}

}  // namespace
}  // namespace protocol_tests
