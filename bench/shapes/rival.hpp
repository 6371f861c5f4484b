#pragma once

// The interface that contestants with text keys and values are driven through; ../rival.hpp is the
// same for 64-bit integers.

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "../rival.hpp"
#include "keys.hpp"

namespace bench::shapes {

template <class R>
concept text_rival = std::constructible_from<R, const place&, opening> &&
    requires(R map, std::string_view text, std::string& out, const text_sequence& keys,
             const place& where) {
  { R::name } -> std::convertible_to<std::string_view>;
  { R::between_processes } -> std::convertible_to<bool>;
  { R::has_read_only } -> std::convertible_to<bool>;
  { R::most_workers } -> std::convertible_to<int>;

  /// Finds `text` and copies its value to `out`, whose capacity is re-used; false if it is absent,
  /// and `out` is then anything.
  { map.load(text, out) } -> std::same_as<bool>;
  /// Inserts or overwrites.
  map.store(text, text);
  { map.size() } -> std::convertible_to<std::uint64_t>;
  /// Brings the freshly filled map into the state in which it is read for long.
  map.settle(keys);
  R::remove(where);
};

}  // namespace bench::shapes
