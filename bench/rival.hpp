#pragma once

// The one interface that every contestant is driven through. It is a concept, not a base class: the
// loops in questions.hpp are instantiated for each contestant, so no virtual call stands between
// them and the map.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace bench {

/// Workers that ask at the same time, at most.
inline constexpr int most_workers = 2;

/// Where a contestant keeps what it shares between processes. In-process ones ignore it.
struct place {
  std::filesystem::path directory;  ///< private to this run, removed at its end
  std::string name;                 ///< a file name that is unique on this machine
  std::size_t capacity = 0;         ///< keys that it will hold at most
  std::size_t entry_bytes = 0;      ///< of a key and its value together
};

/// How an instance comes to its map.
enum class opening {
  create,     ///< a new, empty map
  attach,     ///< the map that another process made, by name
  read_only,  ///< the same without write permission; only with R::has_read_only
};

template <class R>
concept rival = std::constructible_from<R, const place&, opening> &&
    requires(R map, const R view, std::uint64_t number, std::uint64_t& out, const place& where) {
  { R::name } -> std::convertible_to<std::string_view>;
  /// Workers are processes that attach by name; otherwise they are threads that share one instance.
  { R::between_processes } -> std::convertible_to<bool>;
  { R::has_read_only } -> std::convertible_to<bool>;
  /// Workers that may use one map at the same time.
  { R::most_workers } -> std::convertible_to<int>;

  /// Finds `number` and copies its value to `out`; false if it is absent.
  { map.load(number, out) } -> std::same_as<bool>;
  /// Inserts or overwrites.
  map.store(number, number);
  { map.size() } -> std::convertible_to<std::uint64_t>;
  /// Brings the freshly filled map into the state in which it is read for long.
  map.settle();
  /// Removes what outlives the instances.
  R::remove(where);
};

/// Opens a window in which stores may be batched; for those whose single stores would take minutes
/// to fill a map.
template <class R>
concept batching = requires(R map) {
  map.begin_batch();
  map.end_batch();
};

/// Looks several keys up in one call: `values[i]` becomes that of `keys[i]`.
template <class R>
concept loads_many = requires(R map, std::span<const std::uint64_t> keys,
                              std::span<std::optional<std::uint64_t>> values) {
  { map.load_many(keys, values) } -> std::convertible_to<std::size_t>;
};

/// What has to live for as long as a contestant's map does, such as a server: made before the first
/// instance, destroyed after the last.
template <class R>
concept hosted = requires {
  typename R::host;
};

struct no_host {
  explicit no_host(const place&) {}
};

template <class R>
struct host_choice {
  using type = no_host;
};
template <hosted R>
struct host_choice<R> {
  using type = typename R::host;
};
template <class R>
using host_of = typename host_choice<R>::type;

}  // namespace bench
