// Swap, which Go's sync.Map has from 1.20 on.

#include "list.hpp"

namespace bench::go_list {
namespace {

/// All workers exchange the value of one key.
tally swap_collision(table& map, const stretch& part) {
  tally result;
  for (std::uint64_t i = part.first; i != part.end(); ++i)
    result.wrong += map.exchange(0, 0) != 0u;
  return result;
}

/// Of each 1024 exchanges all but one, or only one, find the key. The others insert it and erase it
/// again: one iteration is then two operations, and nothing has to be recycled.
template <std::uint64_t Hits>
tally swap_mostly(table& map, const stretch& part) {
  tally result;
  for (std::uint64_t i = part.first; i != part.end(); ++i) {
    const std::uint64_t key = i % period;
    if (key < Hits) {
      result.wrong += map.exchange(key, key) != key;
    } else {
      result.wrong += map.exchange(i, i).has_value();
      result.wrong += !map.erase(i);
    }
  }
  return result;
}

constexpr item list[] = {
    {.name = "SwapCollision", .iterations = 1 << 19, .keys = 1, .work = swap_collision},
    {.name = "SwapMostlyHits",
     .iterations = 1 << 19,
     .keys = period - 1,
     .primed = true,
     .work = swap_mostly<period - 1>},
    {.name = "SwapMostlyMisses",
     .iterations = 1 << 17,
     .keys = 1,
     .primed = true,
     .work = swap_mostly<1>},
};

}  // namespace

std::span<const item> swaps() {
  return list;
}

}  // namespace bench::go_list
