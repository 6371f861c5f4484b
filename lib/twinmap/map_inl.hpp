#pragma once

// The longer members of basic_map; included by map.hpp.

#include <twinmap/map.hpp>

namespace twinmap {
namespace detail {

/// The keys of one stretch, through the stages of protocol/pipeline.hpp. Returns how many are
/// present.
template <class Group, class Key, class T>
[[gnu::noinline]] std::size_t load_stretch(const protocol::handle& map,
                                           const protocol::stretch_table& table,
                                           std::span<const argument<Key>> keys,
                                           std::optional<T>* out) {
  constexpr bool in_slots = is_plain<T> && sizeof(T) <= storage::inline_value_bytes;
  const protocol::segment_view& view = map.view;
  protocol::lookups_in_flight<Group, in_slots ? 3 : 4> flight(view, table);
  std::size_t hits = 0;
  std::size_t others = 0;  // found, and counted, by load_slowly
  const auto ask_for_group = [&](std::size_t i) __attribute__((always_inline)) {
    flight.ask_for_group(i, hash_of<Key>(view, encoded<Key>(keys[i]).view()));
  };
  const auto ask_for_slot = [&](std::size_t i) __attribute__((always_inline)) {
    flight.ask_for_slot(i);
  };
  const auto ask_for_block = [&](std::size_t i) __attribute__((always_inline)) {
    flight.ask_for_block(i);
  };
  const auto read = [&](std::size_t i) __attribute__((always_inline)) {
    const encoded<Key> bytes(keys[i]);
    const auto key = hashed_key<Key>(bytes.view(), flight.hash(i));
    take_into(out[i], [&](auto sink) {
      const storage::entry* slot = flight.slot(i);
      if (slot != nullptr && protocol::read_named(view, *slot, key, sink)) [[likely]] {
        ++hits;
        return true;
      }
      const bool found = protocol::load_slowly(map, key, sink);
      others += found ? 1 : 0;
      return found;
    });
  };
  if constexpr (in_slots)
    protocol::run_in_stages(keys.size(), read, ask_for_slot, ask_for_group);
  else
    protocol::run_in_stages(keys.size(), read, ask_for_block, ask_for_slot, ask_for_group);
  protocol::lookup_counters::add(map.counters().hits_read, hits);
  return hits + others;
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
  std::size_t found = 0;
  // A user's codec would be asked for the bytes of each key twice.
  if constexpr (detail::is_plain<Key> || detail::is_text<Key>) {
    if (keys.size() >= protocol::least_pipelined) {
      protocol::for_each_stretch(
          map, keys.size(), [&]<class Group>(const auto& table, auto at, auto count) {
            found +=
                detail::load_stretch<Group, Key>(map, table, keys.subspan(at, count), &out[at]);
          });
      return found;
    }
  }
  for (std::size_t i = 0; i != keys.size(); ++i) {
    const detail::encoded<Key> bytes(keys[i]);
    if (detail::load_into(map, detail::reader_key<Key>(map.view, bytes.view()), out[i])) ++found;
  }
  return found;
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
