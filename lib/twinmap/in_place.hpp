#pragma once

// Changes of values of up to 8 bytes under keys of up to 8 bytes whose slot is in read: most of
// what is done with such maps. The slot is found as a lookup finds it and changed by one CAS,
// without the general path's decisions. Whatever is out of the ordinary, a value that moved
// meanwhile included, is left to that path: a false here says nothing and has changed nothing.

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

/// A key's slot as one look at its home group in read finds it, and what may be done with it. Each
/// change is one CAS of the pair that was seen: it succeeds only if the slot has not changed since,
/// and so was this key's: (E1) of protocol/mutate.cpp.
template <class Key, class T>
class in_place_search {
 public:
  [[gnu::always_inline]] in_place_search(protocol::handle& map, const Key& key) noexcept
      : map_(map),
        line_(map.cache_line_of_thread()),
        epoch_(map.view.roots->epoch.load(std::memory_order_seq_cst)),  // (R8)
        wanted_(reader_key<Key>(map.view, std::as_bytes(std::span<const Key, 1>(&key, 1)))) {
    if (!protocol::is_current(map, line_)) [[unlikely]]
      return;
    const std::byte* group = protocol::home_of(line_, wanted_.hash);
    slot_ = protocol::first_in_home(map.view, group, wanted_.hash);
    if (slot_ == nullptr) {
      // A tag whose number is beyond the limit that is known here is for the general path (rule
      // R6).
      absent_ = storage::match_tag<storage::narrow_group>(group, wanted_.hash) == 0 &&
                !storage::root_word{line_.root}.amended() &&
                storage::match_empty<storage::narrow_group>(group) != 0;
      return;
    }
    look_again();
  }

  /// After a change or a confirmation that failed: what the slot holds now. At once, while its
  /// cache line is here.
  [[gnu::always_inline]] void look_again() noexcept {
    seen_.first = slot_->value.first.load(std::memory_order_seq_cst);  // (R3)
    if (!wanted_.matches(map_.view, *slot_)) [[unlikely]]
      slot_ = nullptr;
    else
      seen_.second = slot_->value.second.load(std::memory_order_relaxed);
  }

  /// The slot has a value, and it lies in it.
  [[nodiscard]] bool live() const noexcept {
    constexpr std::uint8_t expected = storage::entry_word::live_inline_kind(sizeof(T));
    return slot_ != nullptr && storage::entry_word{seen_.first}.kind() == expected;
  }
  /// The slot is the key's and has no value.
  [[nodiscard]] bool nil() const noexcept {
    return slot_ != nullptr &&
           storage::entry_word{seen_.first}.state() == storage::entry_state::nil;
  }
  [[nodiscard]] std::uint64_t payload() const noexcept { return seen_.second; }

  /// Whether the value that was seen was the key's, for who changes nothing.
  [[nodiscard]] bool confirm() const noexcept { return unchanged() && map_.takes_changes(); }
  /// Whether the key certainly was absent (rule R3): its slot is nil, or read is the whole map and
  /// has none, and nothing has moved.
  [[nodiscard]] bool confirm_absence() const noexcept {
    if (!absent_ && !(nil() && unchanged())) return false;
    platform::acquire_fence();  // (R6)
    return platform::holds(map_.view.roots->read, line_.root) &&
           platform::holds(map_.view.roots->epoch, epoch_) && map_.takes_changes();  // (R6)
  }

  [[nodiscard]] bool replace(const T& value) const {
    return map_.replace_in_place(line_, *slot_, seen_, payload_of(value));
  }
  [[nodiscard]] bool revive(const T& value) const {
    return map_.revive_in_place(line_, *slot_, seen_, payload_of(value), sizeof(T));
  }
  [[nodiscard]] bool remove() const { return map_.remove_in_place(line_, *slot_, seen_); }

 private:
  [[nodiscard]] bool unchanged() const noexcept {
    platform::acquire_fence();                                // (R4)
    return platform::holds(slot_->value.first, seen_.first);  // (R4)
  }

  protocol::handle& map_;
  const protocol::thread_cache::line& line_;
  std::uint64_t epoch_;
  protocol::word_key wanted_;
  storage::entry* slot_ = nullptr;
  platform::pair_value seen_;  ///< if there is a slot
  bool absent_ = false;
};

/// What became of a change: `no` says nothing and has changed nothing.
enum class in_place : std::uint8_t { no, was_live, was_absent };

/// How often a change that found the slot changed is tried again before the general path is.
inline constexpr int in_place_attempts = 8;

/// Stores `value`; `previous` becomes the value that stood there, if one did.
template <class Key, class T>
[[gnu::always_inline]] inline in_place exchange_in_place(protocol::handle& map, const Key& key,
                                                         const T& value, std::uint64_t& previous) {
  in_place_search<Key, T> found(map, key);
  for (int attempt = 0; attempt != in_place_attempts; ++attempt, found.look_again()) {
    if (found.live()) [[likely]] {
      previous = found.payload();
      if (found.replace(value)) [[likely]]
        return in_place::was_live;
    } else if (!found.nil()) {
      break;
    } else if (found.revive(value)) {
      return in_place::was_absent;
    }
  }
  return in_place::no;
}

/// Stores `value` unless one stands there; that one then becomes `standing`.
template <class Key, class T>
in_place load_or_store_in_place(protocol::handle& map, const Key& key, const T& value,
                                std::uint64_t& standing) {
  in_place_search<Key, T> found(map, key);
  for (int attempt = 0; attempt != in_place_attempts; ++attempt, found.look_again()) {
    if (found.live()) [[likely]] {
      standing = found.payload();
      if (found.confirm()) [[likely]]
        return in_place::was_live;
    } else if (!found.nil()) {
      break;
    } else if (found.revive(value)) {
      return in_place::was_absent;
    }
  }
  return in_place::no;
}

/// Stores `desired` over `expected`; `held` says whether that stood there.
template <class Key, class T>
bool compare_in_place(protocol::handle& map, const Key& key, const T& expected, const T& desired,
                      bool& held) {
  in_place_search<Key, T> found(map, key);
  for (int attempt = 0; attempt != in_place_attempts; ++attempt, found.look_again()) {
    if (!found.live()) {
      held = false;
      return found.confirm_absence();
    }
    held = found.payload() == payload_of(expected);
    if (held ? found.replace(desired) : found.confirm()) return true;
  }
  return false;
}

/// Makes the key absent; `previous` becomes the value that stood there.
template <class Key, class T>
in_place erase_in_place(protocol::handle& map, const Key& key, std::uint64_t& previous) {
  for (int attempt = 0; attempt != in_place_attempts; ++attempt) {
    const in_place_search<Key, T> found(map, key);
    if (!found.live()) return found.confirm_absence() ? in_place::was_absent : in_place::no;
    previous = found.payload();
    if (found.remove()) return in_place::was_live;
  }
  return in_place::no;
}

/// Makes the key absent if its value is `expected`; `held` says whether it was.
template <class Key, class T>
bool compare_erase_in_place(protocol::handle& map, const Key& key, const T& expected, bool& held) {
  for (int attempt = 0; attempt != in_place_attempts; ++attempt) {
    const in_place_search<Key, T> found(map, key);
    if (!found.live()) {
      held = false;
      return found.confirm_absence();
    }
    held = found.payload() == payload_of(expected);
    if (held ? found.remove() : found.confirm()) return true;
  }
  return false;
}

/// Adds `delta` to the value; `old` becomes the one before.
template <class Key, class T>
bool add_in_place(protocol::handle& map, const Key& key, T delta, T& old) {
  in_place_search<Key, T> found(map, key);
  for (int attempt = 0; attempt != in_place_attempts; ++attempt, found.look_again()) {
    if (!found.live()) break;
    old = value_of<T>(found.payload());
    if (found.replace(wrapping_sum(old, delta))) return true;
  }
  return false;
}

/// Calls f(key, value) for the keys that are present, as for_each does. False if `f` wants no more.
template <class Key, class T, class F>
bool walk_in_place(const protocol::handle& map, F f) {
  constexpr std::uint8_t expected = storage::entry_word::live_inline_kind(sizeof(T));
  const auto [births, used] = map.walk_range();
  for (std::uint64_t number = 1; number < used; ++number) {
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

}  // namespace twinmap::detail
