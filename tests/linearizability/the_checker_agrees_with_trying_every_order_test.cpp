// The checker against what is too simple to be wrong: every order of small histories, and histories
// of any size that were made right.

#include <gtest/gtest.h>
#include <support/privilege.hpp>

#include "checker.hpp"
#include "generated.hpp"
#include "oracle.hpp"

#include <chrono>
#include <cstdio>
#include <string>

namespace linearizability {
namespace {

std::string listing(const std::vector<operation>& history) {
  std::string text;
  for (const operation& op : history)
    text += describe(op, 0) + "\n";
  return text;
}

TEST(Checker, AgreesWithTryingEveryOrderOfSmallHistories) {
  test_maps::random_source random(1);
  const int rounds = test_support::rounds(30'000, 1'000'000);
  int wrong = 0;
  int mutated_but_right = 0;
  for (int round = 0; round < rounds && !HasFailure(); ++round) {
    generator_settings wanted;
    wanted.operations = 2 + random.below(6);
    wanted.reach = random.below(4);
    wanted.values = 1 + random.below(4);
    wanted.pending_percent = 30 * random.below(2);
    std::vector<operation> history = right_history(random, wanted);
    ASSERT_TRUE(some_order_fits(history)) << listing(history);
    ASSERT_EQ(check(history).result, verdict::linearizable) << listing(history);
    const std::uint64_t changes = 1 + random.below(3);
    for (std::uint64_t i = 0; i != changes; ++i)
      mutate(history, random, wanted);
    const bool right = some_order_fits(history);
    ASSERT_EQ(check(history).result, right ? verdict::linearizable : verdict::violation)
        << listing(history);
    ++(right ? mutated_but_right : wrong);
  }
  std::printf("%d small histories; of their mutants %d wrong, %d right\n", rounds, wrong,
              mutated_but_right);
  EXPECT_GT(wrong, rounds / 5);
  EXPECT_GT(mutated_but_right, rounds / 5);
}

// As large as those of the test with processes: many keys' worth, few values, some deaths.
TEST(Checker, AcceptsLargeHistoriesThatWereMadeRight) {
  test_maps::random_source random(2);
  const int rounds = test_support::rounds(200, 5'000);
  std::uint64_t most = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (int round = 0; round < rounds; ++round) {
    generator_settings wanted;
    wanted.operations = 100 + random.below(2'000);
    wanted.reach = random.below(9);
    wanted.values = random.below(2) == 0 ? 4 : ~0u;
    wanted.pending_percent = 0;
    std::vector<operation> history = right_history(random, wanted);
    const judgement found = check(history);
    ASSERT_EQ(found.result, verdict::linearizable) << "round " << round;
    most = std::max(most, found.configurations);
  }
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  std::printf("%d large histories: %.2f ms each, at most %llu configurations\n", rounds,
              took.count() / rounds, static_cast<unsigned long long>(most));
}

// A value that comes from nowhere, or is seen again after it was seen to go, is found wherever it
// stands in a large history.
TEST(Checker, FindsOneWrongAnswerInALargeHistory) {
  test_maps::random_source random(3);
  for (int round = 0; round < test_support::rounds(100, 2'000); ++round) {
    generator_settings wanted;
    wanted.operations = 300;
    wanted.reach = 4;
    wanted.values = ~0u;
    wanted.pending_percent = round % 2 == 0 ? 0 : 1;
    std::vector<operation> history = right_history(random, wanted);
    ASSERT_EQ(check(history).result, verdict::linearizable) << "round " << round;
    operation stale;
    stale.what = member::load;
    const operation& late = history[250 + random.below(50)];
    stale.invoked = late.invoked;
    stale.returned = late.invoked + 1;
    stale.seen = round % 4 < 2 ? random() : history[random.below(100)].value;
    history.push_back(stale);
    const judgement found = check(history);
    EXPECT_EQ(found.result, verdict::violation) << "round " << round;
    EXPECT_TRUE(found.obstacle.has_value());
  }
}

}  // namespace
}  // namespace linearizability
