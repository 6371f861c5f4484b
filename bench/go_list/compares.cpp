// CompareAndSwap and CompareAndDelete, which Go's sync.Map has from 1.20 on.

#include "list.hpp"

namespace bench::go_list {
namespace {

/// All workers want to change the value of one key to 42, and whoever succeeded changes it back.
tally compare_and_swap_collision(table& map, const stretch& part) {
  tally result;
  for (std::uint64_t i = part.first; i != part.end(); ++i) {
    if (map.compare_exchange(0, 0, 42))
      result.wrong += !map.compare_exchange(0, 42, 0);
    else
      result.wrong += part.alone;
  }
  return result;
}

/// Every key is another, and the map is empty.
tally compare_and_swap_no_existing_key(table& map, const stretch& part) {
  tally result;
  for (std::uint64_t i = part.first; i != part.end(); ++i)
    result.wrong += map.compare_exchange(i, 0, 0);
  return result;
}

/// One key with another value than is expected.
tally compare_and_swap_value_not_equal(table& map, const stretch& part) {
  tally result;
  for (std::uint64_t i = part.first; i != part.end(); ++i)
    result.wrong += map.compare_exchange(0, 1, 2);
  return result;
}

/// Of each 1024 keys all but one, or only one, stand; a value is changed to what it is.
template <std::uint64_t Hits>
tally compare_and_swap_mostly(table& map, const stretch& part) {
  tally result;
  for (std::uint64_t i = part.first; i != part.end(); ++i) {
    const bool stands = i % period < Hits;
    const std::uint64_t key = stands ? i % period : i;
    result.wrong += map.compare_exchange(key, key, key) != stands;
  }
  return result;
}

/// All workers want to erase one key, and whoever succeeded stores it again.
tally compare_and_delete_collision(table& map, const stretch& part) {
  tally result;
  for (std::uint64_t i = part.first; i != part.end(); ++i) {
    if (map.compare_erase(0, 0))
      map.store(0, 0);
    else
      result.wrong += part.alone;
  }
  return result;
}

/// Of each 1024 keys all but one, or only one, stand; what was erased is stored again.
template <std::uint64_t Hits>
tally compare_and_delete_mostly(table& map, const stretch& part) {
  tally result;
  for (std::uint64_t i = part.first; i != part.end(); ++i) {
    const bool stands = i % period < Hits;
    const std::uint64_t key = stands ? i % period : i;
    const bool erased = map.compare_erase(key, key);
    if (erased) map.store(key, key);
    // A key that stands may just have been erased by another worker.
    result.wrong += (erased && !stands) || (!erased && stands && part.alone);
  }
  return result;
}

constexpr item list[] = {
    {.name = "CompareAndSwapCollision",
     .iterations = 1 << 18,
     .keys = 1,
     .work = compare_and_swap_collision},
    {.name = "CompareAndSwapNoExistingKey",
     .iterations = 1 << 19,
     .work = compare_and_swap_no_existing_key},
    {.name = "CompareAndSwapValueNotEqual",
     .iterations = 1 << 19,
     .keys = 1,
     .work = compare_and_swap_value_not_equal},
    {.name = "CompareAndSwapMostlyHits",
     .iterations = 1 << 19,
     .keys = period - 1,
     .primed = true,
     .work = compare_and_swap_mostly<period - 1>},
    {.name = "CompareAndSwapMostlyMisses",
     .iterations = 1 << 19,
     .keys = 1,
     .primed = true,
     .work = compare_and_swap_mostly<1>},
    {.name = "CompareAndDeleteCollision",
     .iterations = 1 << 18,
     .keys = 1,
     .work = compare_and_delete_collision},
    {.name = "CompareAndDeleteMostlyHits",
     .iterations = 1 << 18,
     .keys = period - 1,
     .primed = true,
     .work = compare_and_delete_mostly<period - 1>},
    {.name = "CompareAndDeleteMostlyMisses",
     .iterations = 1 << 19,
     .keys = 1,
     .primed = true,
     .work = compare_and_delete_mostly<1>},
};

}  // namespace

std::span<const item> compares() {
  return list;
}

}  // namespace bench::go_list
