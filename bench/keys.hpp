#pragma once

// The keys every contestant is asked for, and the order in which they are asked. The same
// arithmetic stands in go/workload/keys.go; the report refuses to compare two runs whose sequences
// differ.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace bench {

/// splitmix64's finaliser: a bijection on 64 bits, so distinct numbers give distinct keys.
constexpr std::uint64_t mix(std::uint64_t number) noexcept {
  number += 0x9e3779b97f4a7c15u;
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9u;
  number = (number ^ (number >> 27)) * 0x94d049bb133111ebu;
  return number ^ (number >> 31);
}

/// The key number `index` that the maps hold.
constexpr std::uint64_t present_key(std::uint64_t index) noexcept {
  return mix(index);
}

/// A key that no map holds: present_key is a bijection and no index comes near 2^40.
constexpr std::uint64_t absent_key(std::uint64_t index) noexcept {
  return mix(index + (std::uint64_t{1} << 40));
}

/// What stands under `key` after `round` rounds of stores. A reader that does not know which keys a
/// round has reached accepts every value from round 0 up to the current one (see value_is_valid).
constexpr std::uint64_t value_of(std::uint64_t key, std::uint64_t round) noexcept {
  return ~key + round;
}

constexpr bool value_is_valid(std::uint64_t key, std::uint64_t value,
                              std::uint64_t round) noexcept {
  return value - ~key <= round;
}

/// Indices 0…size-1 in random order; small sizes repeat, each time in another order, until there
/// are 65,536 of them: long enough that a branch predictor cannot learn the sequence, short enough
/// to leave the L2 cache to the map.
inline std::vector<std::uint32_t> shuffled_indices(std::size_t size) {
  constexpr std::size_t shortest = 65'536;
  std::vector<std::uint32_t> indices;
  indices.reserve(std::max(size, shortest + size));
  std::uint64_t draws = 0;
  do {
    const std::size_t first = indices.size();
    for (std::size_t i = 0; i < size; ++i)
      indices.push_back(static_cast<std::uint32_t>(i));
    for (std::size_t i = size - 1; i > 0; --i) {
      const std::uint64_t j = mix(draws++) % (i + 1);
      std::swap(indices[first + i], indices[first + j]);
    }
  } while (indices.size() < shortest);
  return indices;
}

/// The keys in the order in which they are asked for.
struct sequence {
  explicit sequence(std::size_t keys) : size(keys) {
    const std::vector<std::uint32_t> indices = shuffled_indices(keys);
    present.reserve(indices.size());
    absent.reserve(indices.size());
    for (const std::uint32_t index : indices) {
      present.push_back(present_key(index));
      absent.push_back(absent_key(index));
      checksum = mix(checksum ^ present.back()) + absent.back();
    }
  }

  std::size_t size;  ///< distinct keys
  std::vector<std::uint64_t> present;
  std::vector<std::uint64_t> absent;
  std::uint64_t checksum = 0;  ///< equal in all programs, or they do not measure the same thing
};

}  // namespace bench
