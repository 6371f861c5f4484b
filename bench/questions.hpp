#pragma once

// What is measured: the four loops, the same for every contestant.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>

#include "keys.hpp"
#include "rival.hpp"

namespace bench {

enum class question {
  hit,        ///< load of a key that is there
  miss,       ///< load of a key that is not
  load_many,  ///< loads of keys that are there, `keys_per_call` at a time
  store,      ///< store to a key that is there
  insert,     ///< store of a key that is not, from an empty map
  mix,        ///< loads and stores in turn; only of text keys
  audit,  ///< untimed: every key of the last store or insert holds what was stored; counts the map
  quit,   ///< the worker's end
};

/// One order to one worker.
struct task {
  question what = question::quit;
  std::size_t first = 0;  ///< position in the sequence at which this worker begins; it wraps around
  std::size_t count = 0;  ///< operations
  std::uint64_t round = 0;  ///< the round of stores; see value_of
};

struct outcome {
  std::uint64_t nanoseconds = 0;
  std::uint64_t wrong = 0;  ///< answers that differ from what the map must say
  std::uint64_t size = 0;   ///< after an audit
};

/// Calls `f` for each part of the wrapped range that has no wrap-around in it.
template <class F>
inline void for_each_stretch(std::span<const std::uint64_t> keys, const task& order, F f) {
  std::size_t position = order.first % keys.size();
  for (std::size_t left = order.count; left > 0;) {
    const std::size_t stretch = std::min(left, keys.size() - position);
    f(keys.subspan(position, stretch));
    left -= stretch;
    position = 0;
  }
}

/// Calls `f` for each key of the wrapped range; the inner loop has no wrap-around test.
template <class F>
inline void for_each_key(std::span<const std::uint64_t> keys, const task& order, F f) {
  for_each_stretch(keys, order, [&](std::span<const std::uint64_t> stretch) {
    for (const std::uint64_t key : stretch)
      f(key);
  });
}

template <rival R>
[[gnu::noinline]] std::uint64_t ask_hits(R& map, std::span<const std::uint64_t> keys,
                                         const task& order) {
  std::uint64_t wrong = 0;
  for_each_key(keys, order, [&](std::uint64_t key) {
    std::uint64_t value = 0;
    const bool found = map.load(key, value);
    benchmark::DoNotOptimize(value);
    wrong += !found || !value_is_valid(key, value, order.round);
  });
  return wrong;
}

/// Keys in one call of `load_many`.
inline constexpr std::size_t keys_per_call = 64;

template <loads_many R>
[[gnu::noinline]] std::uint64_t ask_many(R& map, std::span<const std::uint64_t> keys,
                                         const task& order) {
  std::uint64_t wrong = 0;
  std::array<std::optional<std::uint64_t>, keys_per_call> values;
  for_each_stretch(keys, order, [&](std::span<const std::uint64_t> stretch) {
    for (; !stretch.empty(); stretch = stretch.subspan(std::min(stretch.size(), keys_per_call))) {
      const auto asked = stretch.first(std::min(stretch.size(), keys_per_call));
      wrong += map.load_many(asked, values) != asked.size();
      for (std::size_t i = 0; i != asked.size(); ++i)
        wrong += !values[i] || !value_is_valid(asked[i], *values[i], order.round);
    }
  });
  return wrong;
}

template <rival R>
[[gnu::noinline]] std::uint64_t ask_misses(R& map, std::span<const std::uint64_t> keys,
                                           const task& order) {
  std::uint64_t wrong = 0;
  for_each_key(keys, order, [&](std::uint64_t key) {
    std::uint64_t value = 0;
    const bool found = map.load(key, value);
    benchmark::DoNotOptimize(value);
    wrong += found;
  });
  return wrong;
}

template <rival R>
[[gnu::noinline]] void store_all(R& map, std::span<const std::uint64_t> keys, const task& order) {
  for_each_key(keys, order, [&](std::uint64_t key) { map.store(key, value_of(key, order.round)); });
}

template <rival R>
std::uint64_t audit(R& map, std::span<const std::uint64_t> keys, const task& order) {
  std::uint64_t wrong = 0;
  for_each_key(keys, order, [&](std::uint64_t key) {
    std::uint64_t value = 0;
    wrong += !map.load(key, value) || value != value_of(key, order.round);
  });
  return wrong;
}

/// Runs one order and times it by the worker's own clock.
template <rival R>
outcome answer(R& map, const sequence& keys, const task& order) {
  outcome result;
  const auto start = std::chrono::steady_clock::now();
  switch (order.what) {
    case question::hit:
      result.wrong = ask_hits(map, keys.present, order);
      break;
    case question::miss:
      result.wrong = ask_misses(map, keys.absent, order);
      break;
    case question::load_many:
      if constexpr (loads_many<R>)
        result.wrong = ask_many(map, keys.present, order);
      else
        throw std::logic_error("a contestant that looks up one key at a time");
      break;
    case question::store:
    case question::insert:
      store_all(map, keys.present, order);
      break;
    case question::audit:
      result.wrong = audit(map, keys.present, order);
      break;
    case question::mix:
    case question::quit:
      throw std::logic_error("a question that is not asked of 64-bit keys");
  }
  const auto took = std::chrono::steady_clock::now() - start;
  result.nanoseconds = static_cast<std::uint64_t>(std::chrono::nanoseconds(took).count());
  if (order.what == question::audit) result.size = map.size();
  return result;
}

}  // namespace bench
