// What was seen is looked at again before it is acted upon: hints, records and words that have
// changed since, be it by those who may or by those who never should (P6).

#include <twinmap/admin.hpp>
#include <twinmap/caretaker.hpp>
#include <twinmap/protocol/care.hpp>
#include <twinmap/protocol/gather.hpp>
#include <twinmap/protocol/heap_care.hpp>
#include <twinmap/protocol/locked.hpp>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "between_accesses.hpp"
#include "fixture.hpp"

namespace protocol_tests {
namespace {

using namespace std::chrono_literals;
using u64 = std::uint64_t;
using typed = twinmap::map<u64, u64>;
using texts = test_maps::raw_map<std::string, std::string>;
using twinmap::storage::entry_word;

// ---- caretakers

class Hold : public testing::Test {
 protected:
  twinmap::storage::header_care& care() { return handle_of(map).view.header->care; }
  const test_support::scoped_name name;
  typed map{twinmap::create_only, name, {.max_bytes = 2u << 20, .max_writers = 1}};
};

TEST_F(Hold, ThatAnotherOneHasByNowIsNotOnesOwn) {
  twinmap::caretaker hold(map);
  ASSERT_TRUE(hold.held());
  const u64 mine = care().caretaker.exchange(twinmap::protocol::lease_word({0, 77}));
  EXPECT_FALSE(hold.held());
  care().late = 1;
  hold.answer();
  EXPECT_EQ(care().late.load(), 1u) << "it is not for us to answer";
  care().caretaker = mine;
  EXPECT_TRUE(hold.held());
}

TEST_F(Hold, OfAnotherThreadEndsWithoutALease) {
  auto hold = std::make_unique<twinmap::caretaker>(map);
  std::thread([&] { hold.reset(); }).join();
  EXPECT_NE(care().caretaker.load(), 0u);
}

TEST(TwoCaretakers, AreNeverBothTold) {
  using scene = interruption<map_type, u64, u64>;
  scene what;
  what.before = [](map_type& one, map_type& other) {
    one.store(1, 1);
    other.store(2, 2);
  };
  const auto take = [](map_type& map) {
    auto by = twinmap::protocol::begin_care(map.raw());
    twinmap::protocol::take_care(by);
    return std::string("has it");
  };
  what.act = take;
  what.meanwhile = {take};
  EXPECT_EQ(what.everywhere() > 2, test_support::can_come_between);
}

// ---- leases

TEST_F(Transition, ALeaseThatEndedByItselfIsNotCountedAmongTheDead) {
  insert(0, 1);  // this thread has the first lease
  std::thread([this] { insert(1, 10); }).join();
  EXPECT_EQ(map.sweep().leases_released, 0u);
}

TEST_F(Transition, AWriterOfAnotherPidNamespaceIsNotLookedUpInThisOne) {
  insert(0, 1);
  auto& record = map.raw().view.lease(map.raw().thread().lease.id().slot).who;
  record.pid_namespace += 1;
  const auto writers = twinmap::protocol::writers(map.raw());
  ASSERT_EQ(writers.size(), 1u);
  EXPECT_EQ(writers.front().state, twinmap::protocol::writer_state::unknown);
}

// ---- what is counted and hinted at

TEST(LookupsThatMissed, AreToldWithTheNextWriteInPlace) {
  const test_support::scoped_name name;
  typed map(twinmap::create_only, name, {.max_bytes = 2u << 20});
  const typed other(twinmap::open_only, name);
  for (u64 key = 0; key != 10; ++key)
    map.store(key, key);
  twinmap::promote(map);
  map.store(10, 10);
  map.exchange(1, 2);
  const auto before = other.stats();
  for (int i = 0; i != 5; ++i)
    EXPECT_EQ(map.load(10), 10u);
  EXPECT_EQ(map.exchange(1, 3), 2u);
  const auto after = other.stats();
  EXPECT_EQ(after.misses - before.misses, 5u);
}

TEST(FreeChunks, AreLookedAtAgainOnceMoreCameFree) {
  const test_support::scoped_name name;
  texts map(attach_mode::create_only, name, one_by_one());
  map.store("run", std::string(300'000, 'x'));
  twinmap::protocol::chunk_ages ages(map.raw());
  while (ages.give_back(0ns, 0) != 0) {
  }
  map.erase("run");
  EXPECT_GT(ages.give_back(0ns, 0), 0u);
}

TEST(OwnerPairs, OfWhichTheRecordSaysMoreThanItsCheckAreNot) {
  const test_support::scoped_name name;
  texts map(attach_mode::create_only, name, one_by_one());
  map.store("key", std::string(100, 'x'));
  const auto& view = map.raw().view;
  for (std::uint32_t chunk = 0; chunk != view.resident_chunks(); ++chunk) {
    const std::uint32_t pairs = view.resident_pairs(chunk);
    if (pairs < 2) continue;
    const auto block = twinmap::storage::block_ref::make((chunk << view.heap.pairs_shift), 100);
    ASSERT_TRUE(view.block_ok(block));
    view.chunk(chunk).pairs = static_cast<std::uint16_t>(pairs - 1);
    EXPECT_EQ(view.resident_pairs(chunk), 0u);
    EXPECT_FALSE(view.block_ok(block));
    view.chunk(chunk).pairs = static_cast<std::uint16_t>(pairs);
  }
}

// ---- words

// Before each access of an insert the word of each slot that is not live is changed, as nobody may
// while the mutex is held. What returns is there all the same, or it says that something is wrong.
class SpoiltWord : public testing::TestWithParam<bool> {};

TEST_P(SpoiltWord, IsNotTakenForAnInsert) {
  const bool expunged = GetParam();
  std::vector<test_support::place> places;
  for (std::size_t i = 0; i == 0 || i < places.size() + 1; ++i) {
    const test_support::scoped_name name;
    map_type map(attach_mode::create_only, name, one_by_one());
    map_type other(attach_mode::open_only, name, one_by_one());
    for (u64 key = 0; key != 8; ++key)
      map.store(key, key);
    map.promote();
    for (u64 key = 0; expunged && key != 4; ++key)
      map.erase(key);
    map.store(100, 100);
    const u64 key = expunged ? 3 : 200;
    std::string told;
    const auto store = [&] {
      told = answer_of([&] {
        map.store(key, 7);
        return std::string();
      });
    };
    const auto spoil = [&] {
      const auto& view = other.raw().view;
      for (u64 number = 1; number != 20; ++number) {
        auto& word = view.slot(number).value.first;
        const entry_word seen{word.load()};
        if (!seen.live()) word = seen.next(seen.state()).bits;
      }
    };
    auto& file = map.raw().state().file;
    if (i == 0)
      places = test_support::find_touches(file.base(), file.size(), 1, store);
    else
      test_support::come_between(places[i - 1], store, spoil);
    if (told.empty()) {
      EXPECT_EQ(other.load(key), 7u);
    }
    if (!test_support::can_come_between || HasFailure()) break;
  }
}

INSTANTIATE_TEST_SUITE_P(In, SpoiltWord, testing::Bool());

// ---- two words that are read one after the other

TEST(APair, IsReadAsItStood) {
  if (!test_support::can_come_between) GTEST_SKIP() << "takes x86's trap flag, and no sanitizer";
  using twinmap::platform::pair_value;
  const test_support::scoped_name name;
  texts map(attach_mode::create_only, name, one_by_one());
  map.store("key", std::string(100, 'x'));
  auto& slot = map.raw().view.slot(1);
  auto& owner =
      map.raw().view.heap.owners[twinmap::storage::block_ref{slot.value.second.load()}.owner()];
  const auto of_slot = [&] { return twinmap::protocol::load_pair(slot); };
  const auto of_owner = [&] { return twinmap::storage::load_owner(owner); };
  const auto expect_whole = [&](auto& pair, const std::function<pair_value()>& load) {
    const pair_value old{pair.first.load(), pair.second.load()};
    const pair_value other{old.first + 1, old.second + 1};
    auto& file = map.raw().state().file;
    unsigned there = 0;
    for (unsigned place = 0, here = 1; place < here; ++place) {
      here = 0;
      pair_value seen{};
      test_support::watch_accesses(
          file.base(), file.size(), [&] { seen = load(); },
          [&](std::uintptr_t) {
            if (here++ == place) {
              pair.first = other.first;
              pair.second = other.second;
            }
            return true;
          });
      EXPECT_TRUE(seen == old || seen == other) << "before access " << place;
      there += seen == other ? 1u : 0u;
      pair.first = old.first;
      pair.second = old.second;
    }
    EXPECT_GT(there, 1u);
  };
  expect_whole(slot.value, of_slot);
  expect_whole(owner, of_owner);
}

}  // namespace
}  // namespace protocol_tests
