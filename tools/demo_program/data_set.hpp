// Which process writes which keys. Each key has one writer at a time, so its sequence numbers may
// only grow for whoever reads it.
#pragma once

#include <fmt/format.h>
#include <demo_program/records.hpp>
#include <twinmap/map.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace demo {

using record_map = twinmap::map<std::string, std::string>;

/// Where the run takes place, known to all before they are forked.
struct stage {
  std::string map;
  std::string directory;
  std::vector<record> records;
};

inline twinmap::options where(const stage& at) {
  twinmap::options chosen;
  chosen.directory = at.directory;
  return chosen;
}

/// Records 0, 4, 8, … are updated by the writer and 1, 5, 9, … by the victims; the rest stays as it
/// was loaded.
inline constexpr std::size_t record_stride = 4;
inline constexpr std::size_t of_writer = 0;
inline constexpr std::size_t of_victim = 1;
inline constexpr std::size_t of_nobody = 2;

/// A record of that share of them, drawn by `dice`. Empty if there are too few records.
inline std::optional<std::size_t> draw(const stage& at, std::size_t share, std::uint64_t dice) {
  const std::size_t count = (at.records.size() + record_stride - 1 - share) / record_stride;
  if (count == 0) return std::nullopt;
  return dice % count * record_stride + share;
}

/// Few keys that the writer hammers while all readers look at them, with values of few sizes, so
/// that memory is re-used at once: here a reader's copy is overtaken.
inline constexpr std::size_t hot_keys = 4;
inline constexpr std::array<std::size_t, 3> hot_sizes{6'000, 60'000, 300'000};
inline std::string hot_key(std::size_t index) {
  return fmt::format("demo/hot/{}", index);
}

inline std::string written_key(std::uint64_t n) {
  return fmt::format("demo/new/{}", n);
}
inline std::string survived_key(std::uint64_t n) {
  return fmt::format("demo/survivor/{}", n);
}

/// Keys that victims store and erase as they like: present or not, but never wrong.
inline constexpr std::size_t fleeting_keys = 64;
inline std::string fleeting_key(std::size_t index) {
  return fmt::format("demo/fleeting/{}", index);
}

/// How many keys of a key_window stand at a time.
inline constexpr std::uint64_t window_length = 20'000;

}  // namespace demo
