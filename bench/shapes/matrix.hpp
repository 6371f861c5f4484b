#pragma once

// Which shapes are measured. Not every combination: from one middle, keys of 16 bytes and values of
// 64, each property is varied by itself.

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "keys.hpp"

namespace bench::shapes {

inline constexpr std::size_t mebibyte = std::size_t{1} << 20;

/// What is asked in loads and in stores, each by one worker.
inline std::vector<shape> plain_shapes() {
  constexpr std::size_t many = 100'000;
  const auto make = [](std::size_t key_bytes, std::size_t value_bytes, std::size_t keys,
                       distribution drawn) {
    const std::string label = "k" + std::to_string(key_bytes) + "-v" + std::to_string(value_bytes) +
                              (drawn == distribution::zipf ? "-zipf" : "-uniform");
    return shape{label, keys, key_bytes, value_bytes, drawn};
  };
  constexpr auto uniform = distribution::uniform;
  return {
      make(16, 8, many, uniform),
      make(16, 64, many, uniform),
      make(16, 256, many, uniform),
      make(16, 4096, many / 5, uniform),
      make(16, mebibyte, 64, uniform),
      make(8, 64, many, uniform),
      make(32, 64, many, uniform),
      make(64, 64, many, uniform),
      make(16, 64, many, distribution::zipf),
  };
}

/// The core workloads A, B and C of YCSB (Cooper et al., "Benchmarking Cloud Serving Systems with
/// YCSB", SoCC 2010), an update writing the one field of 100 bytes that a record has here.
inline std::vector<shape> ycsb_workloads() {
  const auto make = [](std::string label, unsigned updates) {
    return shape{std::move(label), 100'000, 24, 100, distribution::zipf, updates};
  };
  return {make("a", 50), make("b", 5), make("c", 0)};
}

/// The smallest map of a shape that still shows that everything works.
inline shape smoke_size(shape asked) {
  asked.keys = std::min<std::size_t>(asked.keys, asked.value_bytes < mebibyte ? 500 : 4);
  return asked;
}

}  // namespace bench::shapes
