#pragma once

// Changes of values of up to 8 bytes under keys of up to 8 bytes that are in read: most stores of
// such maps. The value is found as a lookup finds it and replaced by one CAS, without the general
// path's decisions. Whatever is out of the ordinary, a value that moved meanwhile included, is left
// to that path: a false here says nothing and has changed nothing.

#include <twinmap/wire.hpp>

namespace twinmap::detail {

template <class Key, class T>
inline constexpr bool changes_in_place = is_plain<Key> && sizeof(Key) <= 8 && is_plain<T> &&
                                         sizeof(T) <= storage::inline_value_bytes;

/// A value's bytes as a slot has them.
template <class T>
std::uint64_t payload_of(const T& value) noexcept {
  std::uint64_t payload = 0;
  std::memcpy(&payload, &value, sizeof(T));
  return payload;
}

template <class T>
T value_of(std::uint64_t payload) {
  std::array<std::byte, sizeof(T)> raw;
  std::memcpy(raw.data(), &payload, sizeof(T));
  return codec<T>::decode(raw);
}

/// A slot that held the key, and the value's pair as it stood then. What it says is certain only
/// when a CAS of that pair has succeeded, or after a second look at the word (R4 of reader.hpp).
struct standing_value {
  const protocol::thread_cache::line* line = nullptr;
  storage::entry* slot = nullptr;
  platform::pair_value pair{};

  explicit operator bool() const noexcept { return slot != nullptr; }
  [[nodiscard]] bool stands() const noexcept {
    platform::acquire_fence();
    return slot->value.first.load(std::memory_order_relaxed) == pair.first;
  }
};

/// Empty unless the first word with the key's tag, in its home group of read, is the key's and its
/// value is in the slot.
template <class Key, class T>
[[gnu::always_inline]] inline standing_value find_in_place(const protocol::handle& map,
                                                           const Key& key) {
  const protocol::word_key wanted =
      reader_key<Key>(map.view, std::as_bytes(std::span<const Key, 1>(&key, 1)));
  const protocol::thread_cache::line& line = map.cache_line_of_thread();
  if (!protocol::is_current(map, line)) [[unlikely]]
    return {};
  storage::entry* slot =
      protocol::first_in_home(map.view, protocol::home_of(line, wanted.hash), wanted.hash);
  if (slot == nullptr) [[unlikely]]
    return {};
  constexpr std::uint8_t expected = storage::entry_word::live_inline_kind(sizeof(T));
  const storage::entry_word word{slot->value.first.load(std::memory_order_seq_cst)};  // (R3)
  if (word.kind() != expected || !wanted.matches(map.view, *slot)) [[unlikely]]
    return {};
  return {&line, slot, {word.bits, slot->value.second.load(std::memory_order_relaxed)}};
}

/// Stores `value` over the one that stands there; `previous` becomes that one.
template <class Key, class T>
[[gnu::always_inline]] inline bool exchange_in_place(protocol::handle& map, const Key& key,
                                                     const T& value, std::uint64_t& previous) {
  const standing_value found = find_in_place<Key, T>(map, key);
  if (!found) [[unlikely]]
    return false;
  previous = found.pair.second;
  return map.replace_in_place(*found.line, *found.slot, found.pair, payload_of(value));
}

/// Stores `desired` over `expected`; `held` says whether that stood there.
template <class Key, class T>
bool compare_in_place(protocol::handle& map, const Key& key, const T& expected, const T& desired,
                      bool& held) {
  const standing_value found = find_in_place<Key, T>(map, key);
  if (!found) return false;
  held = found.pair.second == payload_of(expected);
  if (!held) return found.stands() && map.may_change(*found.line);
  return map.replace_in_place(*found.line, *found.slot, found.pair, payload_of(desired));
}

/// Makes the key absent; `previous` becomes its value.
template <class Key, class T>
bool erase_in_place(protocol::handle& map, const Key& key, std::uint64_t& previous) {
  const standing_value found = find_in_place<Key, T>(map, key);
  if (!found) return false;
  previous = found.pair.second;
  return map.remove_in_place(*found.line, *found.slot, found.pair);
}

/// The same if the value is `expected`; `held` says whether it was.
template <class Key, class T>
bool compare_erase_in_place(protocol::handle& map, const Key& key, const T& expected, bool& held) {
  const standing_value found = find_in_place<Key, T>(map, key);
  if (!found) return false;
  held = found.pair.second == payload_of(expected);
  if (!held) return found.stands() && map.may_change(*found.line);
  return map.remove_in_place(*found.line, *found.slot, found.pair);
}

/// Whether the key certainly is absent, and the calling thread might have changed it.
template <class Key>
bool absent_in_place(const protocol::handle& map, const Key& key) {
  const protocol::thread_cache::line& line = map.cache_line_of_thread();
  return protocol::proves_absence(
             map, line,
             reader_key<Key>(map.view, std::as_bytes(std::span<const Key, 1>(&key, 1)))) &&
         map.may_change(line);
}

/// Calls f(key, value) for the keys that are present, as for_each does. False if `f` wants no more.
template <class Key, class T, class F>
bool walk_in_place(const protocol::handle& map, F f) {
  constexpr std::uint8_t expected = storage::entry_word::live_inline_kind(sizeof(T));
  const auto [births, used] = map.walk_range();
  for (std::uint64_t number = 1; number < used; ++number) {
    if (!map.view.slot_ok(number)) continue;
    const storage::entry& slot = map.view.slot(number);
    for (std::uint32_t attempt = 0;; ++attempt) {
      const storage::entry_word word{slot.value.first.load(std::memory_order_seq_cst)};  // (R3)
      if (word.kind() != expected) break;
      const std::uint64_t payload = slot.value.second.load(std::memory_order_relaxed);
      const storage::entry_meta meta{slot.meta.load(std::memory_order_relaxed)};
      const std::uint64_t key = slot.key.load(std::memory_order_relaxed);
      platform::acquire_fence();  // (R4)
      if (slot.value.first.load(std::memory_order_relaxed) == word.bits) {
        if (meta.birth() < births && !f(value_of<Key>(key), value_of<T>(payload))) return false;
        break;
      }
      if (attempt == protocol::max_retries)
        map.raise_corrupted("a slot moved in each of 2^20 attempts to copy it");
    }
  }
  return true;
}

/// Adds `delta` to the value; `old` becomes the one before.
template <class Key, class T>
bool add_in_place(protocol::handle& map, const Key& key, T delta, T& old) {
  const standing_value found = find_in_place<Key, T>(map, key);
  if (!found) return false;
  old = value_of<T>(found.pair.second);
  return map.replace_in_place(*found.line, *found.slot, found.pair,
                              payload_of(wrapping_sum(old, delta)));
}

}  // namespace twinmap::detail
