// LoadAndDelete and Delete as Go 1.19 has them: nothing is stored again, so after the first round
// they look for keys that are gone, or never were.

#include "list.hpp"

namespace bench::go_list {
namespace {

constexpr remainder nothing{0, 0};

/// 128 keys that stood, then 128 that never did, again and again.
tally load_and_delete_balanced(table& map, const stretch& part) {
  tally result;
  for (std::uint64_t i = part.first; i != part.end(); ++i) {
    const std::uint64_t j = i % (2 * standing);
    if (j < standing)
      result.wrong += map.load_and_erase(j).value_or(j) != j;
    else
      result.wrong += map.load_and_erase(i).has_value();
  }
  return result;
}

/// Every key is another, and the map is empty.
tally load_and_delete_unique(table& map, const stretch& part) {
  tally result;
  for (std::uint64_t i = part.first; i != part.end(); ++i)
    result.wrong += map.load_and_erase(i).has_value();
  return result;
}

/// All workers erase one key.
tally load_and_delete_collision(table& map, const stretch& part) {
  tally result;
  for (std::uint64_t i = part.first; i != part.end(); ++i)
    result.wrong += map.load_and_erase(0).value_or(0) != 0;
  return result;
}

tally delete_collision(table& map, const stretch& part) {
  for (std::uint64_t i = part.first; i != part.end(); ++i)
    map.erase(0);
  return {};
}

constexpr item list[] = {
    {.name = "LoadAndDeleteBalanced",
     .iterations = 1 << 19,
     .keys = standing,
     .primed = true,
     .left = nothing,
     .work = load_and_delete_balanced},
    {.name = "LoadAndDeleteUnique", .iterations = 1 << 19, .work = load_and_delete_unique},
    {.name = "LoadAndDeleteCollision",
     .iterations = 1 << 19,
     .keys = 1,
     .left = nothing,
     .work = load_and_delete_collision},
    {.name = "DeleteCollision",
     .iterations = 1 << 19,
     .keys = 1,
     .left = nothing,
     .work = delete_collision},
};

}  // namespace

std::span<const item> deletes() {
  return list;
}

}  // namespace bench::go_list
