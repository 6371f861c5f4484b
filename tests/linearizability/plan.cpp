#include "plan.hpp"

#include <numeric>

namespace linearizability {
namespace {

// In the order of `member`: load, contains, load_many, for_each, store, load_or_store, exchange,
// erase, load_and_erase, compare_exchange, compare_erase, fetch_add, update, clear.
using weights = std::array<std::uint32_t, members>;
constexpr std::array<weights, 5> profiles{{
    {10, 4, 2, 1, 10, 8, 8, 6, 5, 10, 5, 6, 6, 1},    // everything
    {40, 8, 4, 2, 10, 3, 4, 4, 2, 5, 2, 3, 3, 1},     // mostly lookups
    {6, 2, 1, 1, 20, 2, 20, 1, 1, 20, 1, 15, 10, 0},  // keys that stay
    {8, 4, 1, 1, 6, 15, 6, 15, 12, 3, 10, 4, 10, 1},  // keys that come and go
    {12, 4, 3, 3, 12, 10, 4, 3, 3, 4, 2, 6, 4, 4},    // walks and clears
}};

}  // namespace

member plan::draw(test_maps::random_source& random) const {
  std::uint64_t left =
      random.below(std::accumulate(weights.begin(), weights.end(), std::uint64_t{0}));
  std::size_t i = 0;
  while (left >= weights[i])
    left -= weights[i++];
  return static_cast<member>(i);
}

plan plan_of(std::uint64_t seed, bool kills) {
  test_maps::random_source random(seed);
  plan p;
  p.seed = seed;
  p.keys = random.below(4) == 0 ? 1 + random.below(3) : 4 + random.below(5);
  // Else they would hardly meet.
  p.crowd_percent = p.keys < 4 ? 0 : 60;
  p.processes = 8 + random.below(3);
  p.calls_each = (least_calls + p.processes - 1) / p.processes + random.below(40);
  p.deaths = kills ? 1 + random.below(4) : 0;
  p.read_only_process = random.below(3) == 0;
  p.keeper = random.below(2) == 0;
  p.keeper_dies = p.keeper && kills && random.below(2) == 0;
  p.few_values = random.below(4) == 0;
  p.others_percent = random.below(3) == 0 ? 0 : random.below(20);
  p.weights = profiles[random.below(profiles.size())];
  return p;
}

}  // namespace linearizability
