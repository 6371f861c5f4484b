#pragma once

// What the two workers of these programs do: one loads while the other stores or inserts. `fill`
// and `answer` are what stage.hpp asks for.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include "../keys.hpp"
#include "../questions.hpp"
#include "../rival.hpp"
#include "../stage.hpp"
#include "board.hpp"
#include "memory.hpp"

namespace bench::beside {

/// What a stage is told about its keys: which they are, and where its workers meet.
struct scene {
  const sequence& keys;
  board& said;
};

/// Any value that some round of stores wrote.
inline constexpr std::uint64_t any_round = std::uint64_t{1} << 40;

/// Stores that the writer has done before the reader is timed: it has attached by then.
inline constexpr std::uint64_t head_start = 1'024;

template <rival R>
void fill(R& map, const scene& on) {
  bench::fill(map, on.keys);
}

inline std::uint64_t ns_since(std::chrono::steady_clock::time_point start) {
  const auto took = std::chrono::steady_clock::now() - start;
  return static_cast<std::uint64_t>(std::chrono::nanoseconds(took).count());
}

/// Stores to all keys, again and again, each round another value, until the reader has left.
/// `size` of the outcome is the number of stores.
template <rival R>
outcome store_until_told(R& map, const scene& on, const task& order) {
  const leaving done(on.said.writer_left);
  patience for_reader("reader");
  constexpr std::size_t stretch = 64;
  const std::vector<std::uint64_t>& keys = on.keys.present;
  task part{question::store, order.first % keys.size(), 0, order.round};
  outcome result;
  const std::uint64_t cpu = thread_cpu_ns();
  const auto start = std::chrono::steady_clock::now();
  while (!on.said.reader_left.load(std::memory_order_relaxed)) {
    part.count = std::min(stretch, keys.size() - part.first);
    store_all(map, keys, part);
    result.size += part.count;
    on.said.written.store(result.size, std::memory_order_release);
    part.first += part.count;
    if (part.first == keys.size()) {
      part.first = 0;
      ++part.round;
      for_reader.check(0);
    }
  }
  result.nanoseconds = ns_since(start);
  on.said.writer_cpu_ns = thread_cpu_ns() - cpu;
  return result;
}

/// Hits, timed while the writer surely stores: it has begun before, and goes on until this is over.
/// A pass in which it got no processor is asked again, and only the last one counts.
template <rival R>
outcome hit_beside(R& map, const scene& on, const task& order) {
  const leaving done(on.said.reader_left);
  const auto written = [&] { return on.said.written.load(std::memory_order_acquire); };
  patience for_writer("writer");
  for (;;) {
    if (on.said.writer_left) throw std::runtime_error("the writer left before the reader");
    const std::uint64_t before = written();
    for_writer.check(before);
    if (before < head_start) {
      std::this_thread::yield();
      continue;
    }
    const outcome result = bench::answer(map, on.keys, order);
    if (result.wrong != 0 || written() != before) return result;
  }
}

/// How often who writes and who loads say how far they are: each time the line with the count
/// travels.
inline constexpr std::uint64_t inserts_told_at_once = 16;
inline constexpr std::uint64_t loads_told_at_once = 64;

/// Inserts the keys number `first` to `first` + `count`, as many as the loads have earned.
template <rival R>
outcome insert_growing(R& map, const scene& on, const task& order) {
  const leaving done(on.said.writer_left);
  patience for_reader("reader");
  for (std::uint64_t inserts = 0; inserts != order.count; ++inserts) {
    while (on.said.loaded.load(std::memory_order_relaxed) < inserts * on.said.loads_per_insert) {
      if (on.said.reader_left) throw std::runtime_error("the reader left before the writer");
      for_reader.wait(on.said.loaded);
    }
    const std::uint64_t index = order.first + inserts;
    map.store(present_key(index), value_of(present_key(index), 0));
    if (inserts % inserts_told_at_once == 0) {
      on.said.written.store(index + 1, std::memory_order_release);
    }
  }
  on.said.written.store(order.first + order.count, std::memory_order_release);
  return {};
}

/// The index of one of the first `known` keys: any of them, or, if `latest` is set, every second
/// time one of that many that came last. Those are not in a first table yet, and bring promotions.
inline std::uint64_t pick(std::uint64_t draw, std::uint64_t known, std::uint64_t latest) noexcept {
  const std::uint64_t random = mix(draw) >> 32;
  const std::uint64_t among = latest != 0 && draw % 2 == 1 ? std::min(latest, known) : known;
  return known - among + random * among / (std::uint64_t{1} << 32);
}

/// Loads `count` random keys among those that are there, and times each load.
template <rival R>
outcome load_growing(R& map, const scene& on, const task& order) {
  board& said = on.said;
  const leaving done(said.reader_left);
  patience for_writer("writer");
  while (said.written.load(std::memory_order_acquire) == 0) {
    if (said.writer_left) throw std::runtime_error("the writer left before it wrote");
    for_writer.wait(0);
  }
  load_timer timer(said.scale, said.times);
  outcome result;
  for (std::uint64_t loads = 0; loads != order.count; ++loads) {
    if (loads % loads_told_at_once == 0) said.loaded.store(loads, std::memory_order_relaxed);
    const std::uint64_t known = said.written.load(std::memory_order_acquire);
    std::uint64_t key = present_key(pick(loads, known, said.latest));
    std::uint64_t value = 0;
    benchmark::DoNotOptimize(key);  // is computed before the clock is read
    timer.rest();
    const std::uint64_t before = ticks_before();
    const bool found = map.load(key, value);
    benchmark::DoNotOptimize(value);
    timer.add(before, ticks_after());
    result.wrong += !found || value != value_of(key, 0);
  }
  // What the rest of the inserts has to wait for.
  said.loaded.store(order.count, std::memory_order_relaxed);
  if constexpr (promoting<R>) said.promotions = map.promotions();
  return result;
}

/// Stores the keys number `first` to `first` + `count` and says what the map takes then. For
/// question::insert it is first brought into the state in which it is read for long.
template <rival R>
outcome weigh(R& map, const scene& on, const task& order) {
  if constexpr (batching<R>) map.begin_batch();
  for (std::size_t index = order.first; index != order.first + order.count; ++index)
    map.store(present_key(index), value_of(present_key(index), 0));
  if constexpr (batching<R>) map.end_batch();
  if (order.what == question::insert) map.settle();
  on.said.weighed = weight_of(map);
  outcome result;
  result.size = map.size();
  return result;
}

template <rival R>
outcome answer(R& map, const scene& on, const task& order) {
  const bool loads = order.what == question::hit;
  switch (on.said.now) {
    case company::writer:
      return loads ? hit_beside(map, on, order) : store_until_told(map, on, order);
    case company::growth:
      return loads ? load_growing(map, on, order) : insert_growing(map, on, order);
    case company::weighing:
      return weigh(map, on, order);
    case company::none:
      break;
  }
  return bench::answer(map, on.keys, order);
}

}  // namespace bench::beside
