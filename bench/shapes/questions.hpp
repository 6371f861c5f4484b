#pragma once

// What is measured of text keys: the loops, the same for every contestant.

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "../questions.hpp"
#include "keys.hpp"
#include "rival.hpp"

namespace bench::shapes {

/// Calls `f` for each position of the wrapped range.
template <class F>
void for_each_position(std::size_t positions, const task& order, F f) {
  std::size_t position = order.first % positions;
  for (std::size_t left = order.count; left > 0; --left) {
    f(position);
    if (++position == positions) position = 0;
  }
}

/// Loads into `out`; 1 if the answer is wrong.
template <text_rival R>
std::uint64_t load_and_check(R& map, std::string_view key, std::string& out, std::size_t bytes,
                             const task& order) {
  const bool found = map.load(key, out);
  // The whole value was wanted, not only the ends that are checked.
  benchmark::DoNotOptimize(out.data());
  benchmark::ClobberMemory();
  return !found || !value_is_from(out, key, bytes, 0, order.round);
}

template <text_rival R>
void stamp_and_store(R& map, std::string_view key, std::string& value, const task& order) {
  stamp_value(value, key, order.round);
  map.store(key, value);
}

template <text_rival R>
[[gnu::noinline]] std::uint64_t ask_hits(R& map, const text_sequence& keys, std::string& out,
                                         const task& order) {
  std::uint64_t wrong = 0;
  const std::size_t bytes = keys.asked().value_bytes;
  for_each_position(keys.size(), order, [&](std::size_t position) {
    wrong += load_and_check(map, keys[position], out, bytes, order);
  });
  return wrong;
}

template <text_rival R>
[[gnu::noinline]] void store_all(R& map, const text_sequence& keys, std::string& value,
                                 const task& order) {
  for_each_position(keys.size(), order, [&](std::size_t position) {
    stamp_and_store(map, keys[position], value, order);
  });
}

/// A mixed workload: loads and updates as the sequence says.
template <text_rival R>
[[gnu::noinline]] std::uint64_t ask_mix(R& map, const text_sequence& keys, std::string& value,
                                        std::string& out, const task& order) {
  std::uint64_t wrong = 0;
  const std::size_t bytes = keys.asked().value_bytes;
  for_each_position(keys.size(), order, [&](std::size_t position) {
    if (keys.is_update(position)) {
      stamp_and_store(map, keys[position], value, order);
    } else {
      wrong += load_and_check(map, keys[position], out, bytes, order);
    }
  });
  return wrong;
}

/// Looks up what the last stores wrote; of a mix, only its updates.
template <text_rival R>
std::uint64_t audit(R& map, const text_sequence& keys, std::string& out, const task& order) {
  std::uint64_t wrong = 0;
  const shape& asked = keys.asked();
  for_each_position(keys.size(), order, [&](std::size_t position) {
    if (asked.updates != 0 && !keys.is_update(position)) return;
    const std::string_view key = keys[position];
    wrong += !map.load(key, out) ||
             !value_is_from(out, key, asked.value_bytes, order.round, order.round);
  });
  return wrong;
}

/// Runs one order and times it by the worker's own clock.
template <text_rival R>
outcome answer(R& map, const text_sequence& keys, const task& order) {
  outcome result;
  // Made before the clock starts: a megabyte takes as long to make as to store.
  std::string value(keys.asked().value_bytes, '.');
  std::string out = value;
  const auto start = std::chrono::steady_clock::now();
  switch (order.what) {
    case question::hit:
      result.wrong = ask_hits(map, keys, out, order);
      break;
    case question::store:
      store_all(map, keys, value, order);
      break;
    case question::mix:
      result.wrong = ask_mix(map, keys, value, out, order);
      break;
    case question::audit:
      result.wrong = audit(map, keys, out, order);
      break;
    default:
      throw std::logic_error("a question that is not asked of text keys");
  }
  const auto took = std::chrono::steady_clock::now() - start;
  result.nanoseconds = static_cast<std::uint64_t>(std::chrono::nanoseconds(took).count());
  if (order.what == question::audit) result.size = map.size();
  return result;
}

/// Fills `map` with every key once, in round 0 and not in the order in which they are asked for.
template <text_rival R>
void fill(R& map, const text_sequence& keys) {
  if constexpr (batching<R>) map.begin_batch();
  std::string value(keys.asked().value_bytes, '.');
  for (std::size_t index = 0; index < keys.asked().keys; ++index) {
    const std::string key = keys.present_key(index);
    stamp_and_store(map, key, value, task{});
  }
  if constexpr (batching<R>) map.end_batch();
  map.settle(keys);
}

}  // namespace bench::shapes
