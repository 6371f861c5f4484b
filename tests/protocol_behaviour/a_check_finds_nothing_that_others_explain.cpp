// A look at a map to which others write is no snapshot: a slot is handed out between the walk over
// the tables and the look at the slot, and so is the same one at the next look. Only what nobody
// can explain is found.

#include <support/touches.hpp>
#include <twinmap/protocol/findings.hpp>
#include <twinmap/protocol/process_state.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "flux.hpp"

namespace protocol_tests {
namespace {

constexpr int comings_and_goings = 5;

std::string key_number(int i) {
  return "key " + std::to_string(i % comings_and_goings);
}

struct churn {
  int every;  // access of the checker they come in between
  int keys;
};

void PrintTo(const churn& each, std::ostream* to) {
  *to << "at each of " << each.every << " accesses, beside " << each.keys << " keys";
}

class CheckBeside : public testing::TestWithParam<churn> {};

TEST_P(CheckBeside, OthersFindsNothing) {
  if (!test_support::can_come_between) GTEST_SKIP() << "takes x86's trap flag, and no sanitizer";
  const test_support::scoped_name name;
  texts one{attach_mode::create_only, name, of_a_small_map()};
  texts other{attach_mode::open_only, name, of_a_small_map()};
  fill_read(one);
  store(one, 12, GetParam().keys, 120);
  int round = 0;
  const auto act = [&] {
    other.erase(key_number(round));
    other.store(key_number(round + 1), std::string(100, 'v'));
    if (round % 10 == 3) other.promote();
    if (round % 20 == 7) other.compact();
    ++round;
  };
  std::vector<std::string> found;
  int accesses = 0;
  auto& file = one.raw().state().file;
  test_support::watch_accesses(
      file.base(), file.size(), [&] { found = one.check().findings; },
      [&](std::uintptr_t) {
        if (++accesses % GetParam().every == 0) act();
        return true;
      });
  EXPECT_GT(round, 20);
  for (const std::string& finding : found)
    ADD_FAILURE() << finding;
}

INSTANTIATE_TEST_SUITE_P(Writers, CheckBeside,
                         testing::Values(churn{1, 20}, churn{2, 20}, churn{3, 20}, churn{7, 20},
                                         churn{40, 20}, churn{100, 1300}, churn{1000, 1300}));

// A table is walked that is replaced meanwhile, at each look, and its memory goes back to the
// system. What was only in it is not lost.
struct replacement {
  const char* name;
  std::function<void(texts&)> before;
  std::function<void(texts&, int turn)> run;
  std::atomic<std::uint64_t> storage::header_roots::*root;
};

void PrintTo(const replacement& each, std::ostream* to) {
  *to << each.name;
}

const replacement replacements[] = {
    {"DirtyGrows", fill_dirty, [](texts& map, int turn) { store(map, 100 << turn, 200 << turn); },
     &storage::header_roots::dirty},
    {"ReadIsCompacted", [](texts& map) { store(map, 0, 24), map.promote(); },
     [](texts& map, int turn) {
       erase(map, turn, turn + 1);
       map.compact();
     },
     &storage::header_roots::read},
};

class CheckWhile : public testing::TestWithParam<replacement> {
 protected:
  explicit CheckWhile() { GetParam().before(one_); }

  // The instructions of a look that touch the segment, in order.
  std::vector<std::uintptr_t> accesses() {
    std::vector<std::uintptr_t> all;
    watch([&](std::uintptr_t at) { all.push_back(at); });
    return all;
  }
  std::vector<std::string> watch(const std::function<void(std::uintptr_t)>& before) {
    std::vector<std::string> found;
    auto& file = one_.raw().state().file;
    test_support::watch_accesses(
        file.base(), file.size(), [&] { found = one_.check().findings; },
        [&](std::uintptr_t at) {
          before(at);
          return true;
        });
    return found;
  }
  void replace() {
    const auto& view = other_.raw().view;
    const root_word old{(view.roots->*GetParam().root).load()};
    GetParam().run(other_, turn_++);
    EXPECT_FALSE(root_word{(view.roots->*GetParam().root).load()}.same_table(old));
    EXPECT_EQ(other_.raw().state().blocks.chunks().load(view.chunk_of(old)).kind(),
              chunk_kind::free);
    std::memset(view.heap.heap + old.offset(), 0, old.groups() * storage::group_bytes);
  }
  int turns() const { return turn_; }

 private:
  const test_support::scoped_name name_;
  texts one_{attach_mode::create_only, name_, of_a_small_map()};
  texts other_{attach_mode::open_only, name_, of_a_small_map()};
  int turn_ = 0;
};

TEST_P(CheckWhile, FindsNothing) {
  if (!test_support::can_come_between) GTEST_SKIP() << "takes x86's trap flag, and no sanitizer";
  const std::vector<std::uintptr_t> look = accesses();
  // One that each look makes once, before it walks and after it has read the roots.
  const auto once = std::find_if(look.begin() + 3, look.end(), [&](std::uintptr_t at) {
    return std::count(look.begin(), look.end(), at) == 1;
  });
  ASSERT_LT(once - look.begin(), 8);
  const std::vector<std::string> found = watch([&](std::uintptr_t at) {
    if (at == *once) replace();
  });
  EXPECT_GT(turns(), 0);
  for (const std::string& finding : found)
    ADD_FAILURE() << finding;
}

INSTANTIATE_TEST_SUITE_P(Table, CheckWhile, testing::ValuesIn(replacements),
                         [](const auto& each) { return each.param.name; });

// Nor do those that were too many to be kept.
TEST(Findings, ThatAreVoidLeaveNothing) {
  twinmap::protocol::findings of_tables;
  twinmap::protocol::findings of_slots;
  for (std::uint64_t i = 0; !of_tables.enough() || !of_slots.enough(); ++i) {
    of_tables.add_of_tables("a table", i);
    of_slots.add("a slot", i);
  }
  EXPECT_EQ(of_slots.texts().size(), 1001u);
  EXPECT_EQ(of_slots.texts().back(), "… and more");
  of_tables.drop_those_of_tables();
  EXPECT_TRUE(of_tables.none());
  EXPECT_TRUE(of_tables.texts().empty());
  of_slots.keep_those_in(of_tables);
  EXPECT_TRUE(of_slots.none());
  EXPECT_TRUE(of_slots.texts().empty());
}

// By the same words, that is.
TEST(Findings, StandByTheSameEvidenceAlone) {
  twinmap::protocol::findings first;
  twinmap::protocol::findings second;
  first.add("slot 1", 7);
  first.add("slot 2", 7);
  second.add("slot 1", 7);
  second.add("slot 2", 8);
  second.keep_those_in(first);
  EXPECT_EQ(second.texts(), std::vector<std::string>{"slot 1"});
}

}  // namespace
}  // namespace protocol_tests
