// What goes over the whole map, or makes a Go map copy itself.

#include "../crew.hpp"
#include "list.hpp"

namespace bench::go_list {
namespace {

constexpr std::uint64_t keys = 1 << 10;

/// An iteration visits 1024 keys.
tally range(table& map, const stretch& part) {
  tally result;
  for (std::uint64_t i = part.first; i != part.end(); ++i) {
    std::uint64_t sum = 0;
    map.for_each([&sum](std::uint64_t, std::uint64_t value) { sum += value; });
    result.wrong += sum != keys * (keys - 1) / 2;
  }
  return result;
}

/// Loads of keys that are not there, each another, and an insert whenever so many of them have
/// missed that dirty has become read: the n-th insert follows n loads after the one before.
tally adversarial_alloc(table& map, const stretch& part) {
  tally result;
  std::uint64_t stores = 0;
  std::uint64_t loads_since_store = 0;
  for (std::uint64_t i = part.first; i != part.end(); ++i) {
    std::uint64_t value = 0;
    result.wrong += map.load(i, value);
    if (++loads_since_store > stores) {
      const auto [standing, loaded] = map.load_or_store(i, stores);
      result.wrong += loaded || standing != stores;
      loads_since_store = 0;
      ++stores;
    }
  }
  result.added = stores;
  return result;
}

/// Loads of keys that are not there; after each 1024 of them the first key that Range meets goes
/// and a new one comes.
tally adversarial_delete(table& map, const stretch& part) {
  tally result;
  for (std::uint64_t i = part.first; i != part.end(); ++i) {
    std::uint64_t value = 0;
    result.wrong += map.load(i, value);
    if (i % keys != 0) continue;
    map.for_each([&](std::uint64_t key, std::uint64_t) {
      const bool erased = map.erase(key);  // not if another worker was faster
      result.added -= erased;
      result.wrong += part.alone && !erased;
      return false;
    });
    map.store(i, i);
    ++result.added;
  }
  return result;
}

/// Empties the map and stores one key.
tally clear(table& map, const stretch& part) {
  constexpr std::uint64_t cycle = 256;
  tally result;
  for (std::uint64_t i = part.first; i != part.end(); ++i) {
    map.clear();
    map.store(i % cycle, i % cycle);
  }
  const std::uint64_t last = (part.end() - 1) % cycle;
  result.wrong += part.alone && map.load(last) != last;
  return result;
}

constexpr item list[] = {
    {.name = "Range", .iterations = 1 << 11, .keys = keys, .work = range},
    // Recycled: n iterations insert the square root of 2n keys.
    {.name = "AdversarialAlloc",
     .iterations = 1 << 20,
     .recycled = true,
     .work = adversarial_alloc},
    // Not recycled: a key goes for each that comes.
    {.name = "AdversarialDelete", .iterations = 1 << 19, .keys = keys, .work = adversarial_delete},
    {.name = "Clear", .iterations = 1 << 16, .left = {{1, most_workers}}, .work = clear},
};

}  // namespace

std::span<const item> whole_maps() {
  return list;
}

}  // namespace bench::go_list
