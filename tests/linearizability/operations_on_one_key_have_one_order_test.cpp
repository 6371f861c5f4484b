// P8: many histories of at least eight processes, each with 2,000 calls or more of all members on
// eight keys or fewer; in half of them processes are killed inside their calls. Each key's
// operations must have an order that explains every answer.
//
// TWINMAP_HISTORY=<seed> runs that history alone, 100 times.

#include <gtest/gtest.h>
#include <maps/crew.hpp>
#include <support/privilege.hpp>

#include "history.hpp"

#include <cstdlib>

namespace linearizability {
namespace {

using test_support::shared_page;

constexpr int lanes = 2;  // histories at the same time: while one waits, the other works

void run_one(std::uint64_t seed, arena& shared, const std::filesystem::path& directory,
             figures& sum) {
  const plan wanted = plan_of(seed, seed % 2 == 1);
  switch (seed / 2 % 4) {
    case 0:
      return history<twinmap::map<std::uint64_t, std::uint64_t>>(wanted, shared, directory)
          .run("u64/u64", sum);
    case 1:
      return history<twinmap::map<std::uint64_t, five_words>>(wanted, shared, directory)
          .run("u64/five_words", sum);
    case 2:
      return history<twinmap::map<std::string, std::string>>(wanted, shared, directory)
          .run("string/string", sum);
    default:
      return history<twinmap::map<std::string, std::uint64_t>>(wanted, shared, directory)
          .run("string/u64", sum);
  }
}

// The histories of the seeds 0, 1, ..., or 100 times that of one.
void run_many(std::uint64_t count, std::optional<std::uint64_t> again, figures& sum) {
  const test_support::scoped_directory directory(test_support::default_directory());
  test_maps::run_together(
      test_maps::workers::processes, lanes,
      [&](int lane) {
        const shared_page<arena> shared;
        for (std::uint64_t i = static_cast<std::uint64_t>(lane); i < count; i += lanes)
          run_one(again.value_or(i), *shared, directory.path(), sum);
      },
      std::chrono::hours(2));
}

TEST(Operations, OnOneKeyHaveOneOrder) {
  const shared_page<figures> sum;
  if (const char* seed = std::getenv("TWINMAP_HISTORY")) {
    run_many(100, std::stoull(seed), *sum);
    sum->print();
    EXPECT_EQ(sum->violations + sum->undecided, 0u);
    return;
  }
  const std::uint64_t wanted =
      test_support::sanitized ? 40 : test_support::rounds<std::uint64_t>(400, 10'400);
  run_many(wanted, {}, *sum);
  sum->print();
  EXPECT_EQ(sum->histories, wanted);
  EXPECT_EQ(sum->short_ones, 0u);
  EXPECT_EQ(sum->with_kills, wanted / 2);
  EXPECT_EQ(sum->violations, 0u);
  EXPECT_EQ(sum->undecided, 0u);
  EXPECT_GE(sum->overlap_percent(), least_overlap_percent);
  // How much the calls of one history meet is the machine's affair, too.
  EXPECT_GE(sum->dense, wanted > 10'000 ? 10'000 : wanted / 2);
  EXPECT_GT(sum->pending, 0u);
  for (std::size_t i = 0; i != members; ++i)
    EXPECT_GT(sum->used[i], 0u) << member_names[i];
  for (const auto* went_through : {&sum->promotions, &sum->compactions, &sum->expunged,
                                   &sum->unexpunged, &sum->revived, &sum->take_overs})
    EXPECT_GT(*went_through, 0u);
}

}  // namespace
}  // namespace linearizability
