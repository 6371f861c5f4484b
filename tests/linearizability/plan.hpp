// What a history is made of, all of it drawn from its seed: the same seed plans the same processes,
// which choose the same operations. In which order they meet is the machine's choice.
#pragma once

#include <maps/self_verifying.hpp>

#include <array>
#include <cstdint>
#include <string>

#include "book.hpp"

namespace linearizability {

inline constexpr std::size_t least_calls = 2'000;

struct plan {
  std::uint64_t seed = 0;
  std::size_t keys = most_keys;
  std::size_t processes = 8;  // that call members; the keeper is one more
  std::size_t calls_each = 250;
  std::size_t deaths = 0;          // how many processes are killed, and replaced
  bool read_only_process = false;  // the last one has the map read-only
  bool keeper = false;             // one more promotes, compacts, sweeps, ...
  bool keeper_dies = false;
  bool few_values = false;           // values come again, so that ABA can happen
  std::uint64_t crowd_percent = 0;   // of the calls on one key are on the same one
  std::uint64_t others_percent = 0;  // calls on keys that nobody writes down
  std::array<std::uint32_t, members> weights{};

  member draw(test_maps::random_source& random) const;
};

plan plan_of(std::uint64_t seed, bool kills);

}  // namespace linearizability
