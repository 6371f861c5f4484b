#include "figures.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "checker.hpp"

namespace linearizability {
namespace {

using history_of_a_key = std::vector<operation>;

std::vector<history_of_a_key> by_key(const finished& history) {
  std::vector<history_of_a_key> keys(history.planned.keys);
  for (const book& one : history.books)
    for (const operation& op : one.operations())
      keys[op.key].push_back(op);
  for (history_of_a_key& key : keys)
    std::stable_sort(key.begin(), key.end(),
                     [](const auto& a, const auto& b) { return a.invoked < b.invoked; });
  return keys;
}

bool concerns_many_keys(member what) {
  return what == member::load_many || what == member::for_each || what == member::clear;
}

struct overlap {
  std::uint64_t measured = 0;
  std::uint64_t overlapping = 0;
};

// A walk lasts long and meets everything, and what is in flight for ever even more so: only calls
// on one key that returned count, and only if they overlap with another such.
overlap overlap_of(const history_of_a_key& key) {
  std::vector<operation> measured;
  std::copy_if(key.begin(), key.end(), std::back_inserter(measured),
               [](const auto& op) { return !op.pending() && !concerns_many_keys(op.what); });
  std::uint64_t latest_return = 0;
  std::uint64_t overlapping = 0;
  for (std::size_t i = 0; i != measured.size(); ++i) {
    const operation& op = measured[i];
    overlapping += latest_return >= op.invoked ||
                   (i + 1 != measured.size() && measured[i + 1].invoked <= op.returned);
    latest_return = std::max(latest_return, op.returned);
  }
  return {.measured = measured.size(), .overlapping = overlapping};
}

void measure_overlap(const std::vector<history_of_a_key>& keys, figures& sum) {
  overlap all;
  for (const history_of_a_key& key : keys) {
    const overlap one = overlap_of(key);
    all.measured += one.measured;
    all.overlapping += one.overlapping;
  }
  sum.measured += all.measured;
  sum.overlapping += all.overlapping;
  sum.dense += 100 * all.overlapping >= least_overlap_percent * all.measured;
}

std::string write_history(const finished& history, std::size_t number, const history_of_a_key& key,
                          const judgement& found) {
  const std::filesystem::path path = std::filesystem::temp_directory_path() /
                                     ("twinmap-history-" + std::to_string(history.planned.seed) +
                                      "-key-" + std::to_string(number) + ".txt");
  std::ofstream file(path);
  file << "map " << history.kind << ", seed " << history.planned.seed << ", key " << number << ", "
       << found.configurations << " configurations; invocation, return, ...\n";
  if (found.obstacle)
    file << "no order gets past the return of\n"
         << describe(*found.obstacle, key.front().invoked) << "\n\n";
  for (const operation& op : key)
    file << describe(op, key.front().invoked) << "\n";
  return path.string();
}

void judge_key(const finished& history, std::size_t number, const history_of_a_key& key,
               figures& sum) {
  sum.checked += key.size();
  sum.pending += static_cast<std::uint64_t>(
      std::count_if(key.begin(), key.end(), [](const auto& op) { return op.pending(); }));
  const judgement found = check(key);
  std::uint64_t most = sum.most_configurations;
  while (most < found.configurations &&
         !sum.most_configurations.compare_exchange_weak(most, found.configurations)) {
  }
  if (found.result == verdict::linearizable) return;
  ++(found.result == verdict::violation ? sum.violations : sum.undecided);
  if (sum.quiet) return;
  std::fprintf(stderr, "%s: %s; again by TWINMAP_HISTORY=%llu\n",
               found.result == verdict::violation ? "violation" : "undecided",
               write_history(history, number, key, found).c_str(),
               static_cast<unsigned long long>(history.planned.seed));
}

}  // namespace

double figures::overlap_percent() const {
  return measured == 0 ? 0
                       : 100.0 * static_cast<double>(overlapping) / static_cast<double>(measured);
}

void figures::add(const twinmap::map_stats& stats) {
  promotions += stats.promotions;
  compactions += stats.compactions;
  expunged += stats.expunged;
  unexpunged += stats.unexpunged;
  revived += stats.revived;
  take_overs += stats.take_overs;
  fix_ups += stats.fix_ups;
}

void figures::print() const {
  const auto n = [](const std::atomic<std::uint64_t>& figure) {
    return static_cast<unsigned long long>(figure.load());
  };
  std::printf(
      "histories %llu (%llu with kills), calls %llu, operations on a key %llu, overlap %.1f %% "
      "(%llu of the histories %llu %% and more), kills %llu, pending %llu, violations %llu, "
      "undecided %llu\n",
      n(histories), n(with_kills), n(calls), n(checked), overlap_percent(), n(dense),
      static_cast<unsigned long long>(least_overlap_percent), n(kills), n(pending), n(violations),
      n(undecided));
  std::printf(
      "interrupted inside a call %llu times; promotions %llu, compactions %llu, expunged %llu, "
      "un-expunged %llu, revived %llu, take-overs %llu, fix-ups %llu; at most %llu "
      "configurations for a key\n",
      n(interrupted), n(promotions), n(compactions), n(expunged), n(unexpunged), n(revived),
      n(take_overs), n(fix_ups), n(most_configurations));
  for (std::size_t i = 0; i != members; ++i)
    std::printf("%s%s %llu", i == 0 ? "calls of " : ", ", member_names[i], n(used[i]));
  std::printf("\n");
}

void judge(const finished& history, figures& sum) {
  ++sum.histories;
  sum.with_kills += history.kills != 0;
  sum.kills += history.kills;
  std::uint64_t calls = 0;
  for (const book& one : history.books) {
    calls += one.calls;
    sum.interrupted += one.inside;
    for (std::size_t i = 0; i != members; ++i)
      sum.used[i] += one.used_members[i];
  }
  sum.calls += calls;
  sum.short_ones += calls < least_calls || history.planned.processes < 8;
  std::vector<std::string> wrong = history.wrong;
  for (const book& one : history.books)
    if (one.fault() != nullptr) wrong.emplace_back(one.fault());
  for (const std::string& what : wrong) {
    ++sum.violations;
    if (sum.quiet) continue;
    std::fprintf(stderr, "violation: map %s: %s; again by TWINMAP_HISTORY=%llu\n", history.kind,
                 what.c_str(), static_cast<unsigned long long>(history.planned.seed));
  }
  const std::vector<history_of_a_key> keys = by_key(history);
  measure_overlap(keys, sum);
  for (std::size_t i = 0; i != keys.size(); ++i)
    judge_key(history, i, keys[i], sum);
}

}  // namespace linearizability
