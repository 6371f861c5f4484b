// P4, P5, P9: 16 processes work on one map, and every 50 ms one of them is killed and replaced.
// Nothing that returned is lost, nobody sees what was never stored, and neither the map nor a
// process grows.
//
// TWINMAP_SOAK_MINUTES: how long (12 seconds without it); TWINMAP_SOAK_CSV: the samples go there.

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "soak.hpp"

namespace soak {
namespace {

settings wanted() {
  settings result;
  const char* minutes = std::getenv("TWINMAP_SOAK_MINUTES");
  if (minutes == nullptr) {
    result.length = std::chrono::seconds(12);
    result.between_samples = std::chrono::milliseconds(500);
    result.between_checks = std::chrono::seconds(2);
  } else {
    result.length = std::chrono::duration<double>(60 * std::strtod(minutes, nullptr));
  }
  if (const char* csv = std::getenv("TWINMAP_SOAK_CSV")) result.csv = csv;
  return result;
}

void print(const soak& it) {
  std::uint64_t calls = 0;
  for (const ledger& one : it.shared().of)
    calls += one.calls;
  std::printf(
      "%.0f s, %llu kills, %llu calls of writers, %llu of readers, %llu walks, %llu clears, "
      "%llu checks, %llu errors\n",
      it.seconds(), static_cast<unsigned long long>(it.kills()),
      static_cast<unsigned long long>(calls), static_cast<unsigned long long>(it.shared().reads),
      static_cast<unsigned long long>(it.shared().walks),
      static_cast<unsigned long long>(it.shared().cleared.completed),
      static_cast<unsigned long long>(it.checks()),
      static_cast<unsigned long long>(it.shared().errors));
}

constexpr double five_minutes = 300;

double at_the_end(const sampler& samples, std::uint64_t sample::*column) {
  const double last = samples.all().back().seconds;
  return samples.mean(column, last - five_minutes, last);
}

// Within 5 % of what it was after five minutes: means of five minutes, as those of one differ by so
// much without any trend.
void expect_flat(const sampler& samples, const char* what, std::uint64_t sample::*column) {
  const double then = samples.mean(column, five_minutes, 2 * five_minutes);
  const double now = at_the_end(samples, column);
  std::printf("%-28s %10.0f after five minutes, %10.0f at the end: %+.1f %%\n", what, then, now,
              100 * (now - then) / then);
  EXPECT_LE(now, then * 1.05) << what;
}

TEST(SoakAlone, FindsNoErrorAndMemoryStaysFlat) {
  soak it(wanted());
  it.run();
  it.finish();
  print(it);
  EXPECT_EQ(it.shared().errors, 0u) << it.shared().first.data();
  EXPECT_GT(it.kills(), 0u);
  ASSERT_FALSE(it.samples().all().empty());
  const sample& last = it.samples().all().back();
  EXPECT_LE(last.leases, 2 * processes) << "leases of the dead are not taken again";
  for (const auto files : {&sample::parent_files, &sample::oldest_files})
    EXPECT_EQ(last.*files, it.samples().all().front().*files) << "descriptors";
  if (last.seconds < 3 * five_minutes) return;
  expect_flat(it.samples(), "memory of the map, KiB", &sample::committed_kib);
  expect_flat(it.samples(), "the parent, resident, KiB", &sample::parent_kib);
  expect_flat(it.samples(), "the oldest, resident, KiB", &sample::oldest_kib);
  EXPECT_LT(at_the_end(it.samples(), &sample::committed_kib),
            static_cast<double>(it.full_kib()) / 2)
      << "what the map needed when it was full has not gone back";
}

}  // namespace
}  // namespace soak
