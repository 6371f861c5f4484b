// Load and LoadOrStore.

#include "list.hpp"

namespace bench::go_list {
namespace {

/// Of each 1024 loads all but one hit, or all but one miss.
template <std::uint64_t Hits>
tally load_mostly(table& map, const stretch& part) {
  tally result;
  for (std::uint64_t i = part.first; i != part.end(); ++i) {
    const std::uint64_t key = i % period;
    std::uint64_t value = key;
    const bool found = map.load(key, value);
    result.wrong += found != (key < Hits) || value != key;
  }
  return result;
}

/// 128 keys that stand, then 128 new ones, again and again.
tally load_or_store_balanced(table& map, const stretch& part) {
  tally result;
  for (std::uint64_t i = part.first; i != part.end(); ++i) {
    const std::uint64_t j = i % (2 * standing);
    if (j < standing) {
      const auto [value, loaded] = map.load_or_store(j, i);
      result.wrong += !loaded || value != j;
    } else {
      const auto [value, loaded] = map.load_or_store(i, i);
      result.wrong += loaded || value != i;
      ++result.added;
    }
  }
  return result;
}

/// Every key is new.
tally load_or_store_unique(table& map, const stretch& part) {
  tally result;
  for (std::uint64_t i = part.first; i != part.end(); ++i) {
    const auto [value, loaded] = map.load_or_store(i, i);
    result.wrong += loaded || value != i;
  }
  result.added = part.count;
  return result;
}

/// All workers ask for one key, which stands.
tally load_or_store_collision(table& map, const stretch& part) {
  tally result;
  for (std::uint64_t i = part.first; i != part.end(); ++i) {
    const auto [value, loaded] = map.load_or_store(0, 0);
    result.wrong += !loaded || value != 0;
  }
  return result;
}

constexpr item list[] = {
    {.name = "LoadMostlyHits",
     .iterations = 1 << 19,
     .keys = period - 1,
     .primed = true,
     .work = load_mostly<period - 1>},
    {.name = "LoadMostlyMisses",
     .iterations = 1 << 19,
     .keys = 1,
     .primed = true,
     .work = load_mostly<1>},
    // Recycled: half of its operations insert.
    {.name = "LoadOrStoreBalanced",
     .iterations = 1 << 18,
     .recycled = true,
     .keys = standing,
     .primed = true,
     .work = load_or_store_balanced},
    // Recycled: each of its operations inserts.
    {.name = "LoadOrStoreUnique",
     .iterations = 1 << 17,
     .recycled = true,
     .work = load_or_store_unique},
    {.name = "LoadOrStoreCollision",
     .iterations = 1 << 19,
     .keys = 1,
     .work = load_or_store_collision},
};

}  // namespace

std::span<const item> loads() {
  return list;
}

}  // namespace bench::go_list
