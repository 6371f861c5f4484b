#pragma once

// The longer members of basic_map; included by map.hpp.

#include <twinmap/map.hpp>

namespace twinmap {
namespace detail {

/// A few keys that are looked up together: their lines are asked for while the ones before are
/// worked on.
template <class Key>
struct lookup_window {
  static constexpr std::size_t width = 16;
  using reader_key_type =
      decltype(reader_key<Key>(std::declval<const protocol::segment_view&>(), protocol::bytes()));

  std::array<reader_key_type, width> keys;
  std::array<std::uint64_t, width> hashes;
  std::size_t count = 0;

  /// Takes the first keys of `from` and asks for their groups.
  void fill(const protocol::segment_view& view, storage::root_word read,
            std::span<const argument<Key>> from) {
    count = std::min(width, from.size());
    for (std::size_t i = 0; i != count; ++i) {
      keys[i] = reader_key<Key>(view, encoded<Key>(from[i]).view());
      hashes[i] = keys[i].hash;
    }
    prefetch_groups(view, read, hashes.data(), count);
  }
};

/// Two windows in turn: the groups of one are fetched while the entries of the other are read.
template <class Key, class T>
std::size_t load_windows(const protocol::handle& map, std::span<const argument<Key>> keys,
                         std::span<std::optional<T>> out) {
  const storage::root_word read{
      map.view.roots->read.load(std::memory_order_relaxed)};  // a hint: lookups read it anew
  std::array<lookup_window<Key>, 2> windows;
  std::size_t found = 0;
  windows[0].fill(map.view, read, keys);
  for (std::size_t done = 0, turn = 0; done != keys.size(); turn ^= 1) {
    lookup_window<Key>& current = windows[turn];
    prefetch_entries(map.view, read, current.hashes.data(), current.count);
    windows[turn ^ 1].fill(map.view, read, keys.subspan(done + current.count));
    for (std::size_t i = 0; i != current.count; ++i)
      if (load_into(map, current.keys[i], out[done + i])) ++found;
    done += current.count;
  }
  return found;
}

/// Calls a for_each function, whose result may be void, with arguments that it may move from. False
/// if it wants no more.
template <class F, class... Arguments>
bool invoke_visitor(F& f, Arguments&&... arguments) {
  using result = std::invoke_result_t<F&, Arguments...>;
  static_assert(std::is_void_v<result> || std::is_convertible_v<result, bool>,
                "twinmap: the function given to for_each returns void or bool");
  if constexpr (std::is_void_v<result>) {
    f(std::forward<Arguments>(arguments)...);
    return true;
  } else {
    return static_cast<bool>(f(std::forward<Arguments>(arguments)...));
  }
}

/// With copies that are the function's own, so that it may take them by value or by any reference.
template <class F, class Key, class T>
bool visit(F& f, Key key, T value) {
  if constexpr (std::is_invocable_v<F&, Key, T>)
    return invoke_visitor(f, std::move(key), std::move(value));
  else
    return invoke_visitor(f, key, value);
}

}  // namespace detail

template <class Key, class T>
std::size_t basic_map<Key, T>::load_many(std::span<const lookup_key> keys,
                                         std::span<std::optional<T>> out) const {
  if (out.size() < keys.size())
    throw std::invalid_argument("twinmap: load_many was given " + std::to_string(keys.size()) +
                                " keys and room for " + std::to_string(out.size()) + " values");
  const protocol::handle& map = attached();
  if constexpr (detail::is_plain<Key> || detail::is_text<Key>) {
    return detail::load_windows<Key, T>(map, keys, out);
  } else {
    std::size_t found = 0;
    for (std::size_t i = 0; i != keys.size(); ++i) {
      const detail::encoded<Key> bytes(keys[i]);
      if (detail::load_into(map, detail::reader_key<Key>(map.view, bytes.view()), out[i])) ++found;
    }
    return found;
  }
}

template <class Key, class T>
template <class F>
void basic_map<Key, T>::for_each(F&& f) const {
  const protocol::handle& map = attached();
  if constexpr (changes_in_place) {
    detail::walk_in_place<Key, T>(map,
                                  [&](Key key, T value) { return detail::visit(f, key, value); });
    return;
  }
  map.for_each([&](protocol::bytes key, protocol::bytes value) {
    return detail::visit(f, detail::decoded<Key>(map, key), detail::decoded<T>(map, value));
  });
}

}  // namespace twinmap
