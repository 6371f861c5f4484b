// A look at a map to which others write is no snapshot: a slot is handed out between the walk over
// the tables and the look at the slot, and so is the same one at the next look. Only what nobody
// can explain is found.

#include <support/touches.hpp>
#include <twinmap/protocol/findings.hpp>
#include <twinmap/protocol/process_state.hpp>

#include <cstdint>
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
