#include "duet.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>

#include "roles.hpp"

namespace bench::beside {
namespace {

constexpr task idle{question::hit, 0, 0, 0};

/// Operations per worker and pass.
constexpr std::size_t hits_per_pass = std::size_t{1} << 16;
constexpr std::size_t stores_per_pass = std::size_t{1} << 16;

double cost(const outcome& result, std::size_t count) {
  return static_cast<double>(result.nanoseconds) / static_cast<double>(count);
}

double mean_cost(const std::vector<outcome>& results, std::size_t count) {
  double sum = 0;
  for (const outcome& result : results)
    sum += cost(result, count);
  return sum / static_cast<double>(results.size());
}

}  // namespace

double mean(const std::vector<double>& samples) {
  return std::accumulate(samples.begin(), samples.end(), 0.0) / static_cast<double>(samples.size());
}

double pair_of_kinds::ratio() const {
  std::vector<double> ratios;
  for (std::size_t pair = 0; pair != first.size(); ++pair)
    ratios.push_back(second[pair] / first[pair]);
  std::sort(ratios.begin(), ratios.end());
  return (ratios[ratios.size() / 2] + ratios[(ratios.size() - 1) / 2]) / 2;
}

std::vector<outcome> duet::run(company with, const orders& given) {
  said_.begin(with);
  std::vector<outcome> results = team_.run(given);
  for (const outcome& result : results) {
    if (result.wrong != 0) {
      throw std::runtime_error(std::to_string(result.wrong) + " wrong answers");
    }
  }
  return results;
}

void duet::check_size(std::size_t expected) {
  const outcome counted = run(company::none, {{question::audit, 0, 0, 0}, idle}).front();
  if (counted.size != expected) {
    throw std::runtime_error(std::to_string(counted.size) + " instead of " +
                             std::to_string(expected) + " entries");
  }
}

task duet::hits(std::size_t worker, std::size_t count) const {
  return {question::hit, worker * keys_.present.size() / 2 + done_, count, any_round};
}

/// Within the worker's half of the keys: the part moves on with each pass, and never wraps.
task duet::stores(std::size_t worker, std::size_t count) {
  const std::size_t half = keys_.size / 2;
  const std::size_t moves = half - count + 1;
  return {question::store, worker * half + done_ % moves, count, round_};
}

pair_of_kinds duet::hits_beside_stores() {
  constexpr std::size_t count = hits_per_pass;
  pair_of_kinds both;
  run(company::none, {hits(0, std::max(count, keys_.size)), idle});
  for (int pair = 0; pair != pairs_; ++pair) {
    // The writer has left the entries in its own cache, and small maps lie there whole.
    run(company::none, {hits(0, count), idle});
    done_ += count;
    both.first.push_back(cost(run(company::none, {hits(0, count), idle}).front(), count));
    done_ += count;
    take_beside(both);
    done_ += count;
  }
  // Whatever the writer left has to be there and valid.
  run(company::none, {hits(0, keys_.size), idle});
  check_size(keys_.size);
  return both;
}

void duet::take_beside(pair_of_kinds& into) {
  // Each pass stores the values of rounds of its own, one for each time it comes through the keys.
  constexpr unsigned rounds_of_a_pass = 20;
  const task all{question::store, keys_.size / 2, 0, ++round_ << rounds_of_a_pass};
  const std::vector<outcome> results = run(company::writer, {hits(0, hits_per_pass), all});
  into.second.push_back(cost(results[0], hits_per_pass));
  into.writer.push_back(cost(results[1], results[1].size));
  into.writer_ran.push_back(static_cast<double>(said_.writer_cpu_ns) /
                            static_cast<double>(results[1].nanoseconds));
}

pair_of_kinds duet::hits_of_one_and_two() {
  constexpr std::size_t count = hits_per_pass;
  const std::size_t warm_up = std::max(count, keys_.size);
  pair_of_kinds both;
  run(company::none, {hits(0, warm_up), hits(1, warm_up)});
  for (int pair = 0; pair != pairs_; ++pair) {
    both.first.push_back(cost(run(company::none, {hits(0, count), idle}).front(), count));
    done_ += count;
    both.second.push_back(mean_cost(run(company::none, {hits(0, count), hits(1, count)}), count));
    done_ += count;
  }
  return both;
}

pair_of_kinds duet::stores_of_one_and_two() {
  const std::size_t half = keys_.size / 2;
  if (half == 0) throw std::runtime_error("one key has no halves");
  const std::size_t count = std::min(half, stores_per_pass);
  pair_of_kinds both;
  const auto together = [&](std::size_t each) {
    ++round_;
    const orders given{stores(0, each), stores(1, each)};
    const double costs = mean_cost(run(company::none, given), each);
    return std::pair(costs, given);
  };
  together(half);
  for (int pair = 0; pair != pairs_; ++pair) {
    ++round_;
    both.first.push_back(cost(run(company::none, {stores(0, count), idle}).front(), count));
    done_ += count;
    auto [costs, given] = together(count);
    both.second.push_back(costs);
    for (task& order : given)
      order.what = question::audit;
    run(company::none, given);
    done_ += count;
  }
  check_size(keys_.size);
  return both;
}

void duet::loads_while_growing(const growth_plan& planned) {
  said_.times = {};
  said_.promotions = 0;
  said_.loads_per_insert = planned.loads_per_insert;
  said_.latest = planned.latest;
  const std::size_t loads = planned.loads_per_insert * planned.count;
  run(company::growth, {{question::hit, planned.first, loads, 0},
                        {question::insert, planned.first, planned.count, 0}});
  check_size(planned.first + planned.count);
}

}  // namespace bench::beside
