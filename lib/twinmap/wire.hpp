#pragma once

// Between the typed interface and the protocol's bytes: keys and values going in, and the sinks
// into which the read path puts what it found. Everything here is per call; nothing is shared.

#include <twinmap/codec.hpp>
#include <twinmap/protocol/reader.hpp>

#include <optional>
#include <stdexcept>

namespace twinmap::detail {

/// How a key or a value is passed in: strings as a view, so that nothing is allocated for them.
template <class T>
using argument = std::conditional_t<std::is_same_v<T, std::string>, std::string_view, T>;

/// The bytes of one key or value for the duration of a call: seen where they are, but for those a
/// user's codec writes.
template <class T>
class encoded {
 public:
  explicit encoded(const argument<T>& from) {
    if constexpr (is_plain<T>) {
      view_ = std::as_bytes(std::span<const T, 1>(&from, 1));
    } else if constexpr (is_text<T>) {
      // An empty container may have no address, and memcpy wants one even for no bytes.
      view_ = {from.empty() ? &no_byte : reinterpret_cast<const std::byte*>(from.data()),
               from.size()};
    } else {
      const std::size_t length = codec<T>::size(from);
      std::byte* to = scratch_.resize(length);
      codec<T>::encode(from, {to, length});
    }
  }
  encoded(const encoded&) = delete;
  encoded& operator=(const encoded&) = delete;

  [[nodiscard]] protocol::bytes view() const noexcept {
    if constexpr (is_plain<T> || is_text<T>)
      return view_;
    else
      return scratch_.view();
  }

 private:
  struct nothing {};
  static constexpr bool in_place = is_plain<T> || is_text<T>;
  static constexpr std::byte no_byte{};
  [[no_unique_address]] std::conditional_t<in_place, protocol::bytes, nothing> view_;
  [[no_unique_address]] std::conditional_t<in_place, nothing, protocol::value_buffer> scratch_;
};

/// The hash of a key, which is over its own bytes.
template <class Key>
[[gnu::always_inline]] inline std::uint64_t hash_of(const protocol::segment_view& view,
                                                    protocol::bytes key) noexcept {
  if constexpr (is_plain<Key> && sizeof(Key) == 8) {
    std::uint64_t word;
    std::memcpy(&word, key.data(), sizeof word);
    return view.hash_of_word(word);
  } else if constexpr (is_plain<Key> && sizeof(Key) < 8) {
    return view.hash(key.data(), sizeof(Key));
  } else {
    return view.hash(key.data(), key.size());
  }
}

/// A key as the read path compares it. Keys of a fixed size of up to 8 bytes are one word,
/// zero-extended.
template <class Key>
[[gnu::always_inline]] inline auto hashed_key(protocol::bytes key, std::uint64_t hash) noexcept {
  if constexpr (is_plain<Key> && sizeof(Key) <= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, key.data(), sizeof(Key));
    return protocol::word_key{word, hash};
  } else {
    return protocol::span_key{{key.data(), key.size(), hash}, hash};
  }
}

template <class Key>
[[gnu::always_inline]] inline auto reader_key(const protocol::segment_view& view,
                                              protocol::bytes key) noexcept {
  return hashed_key<Key>(key, hash_of<Key>(view, key));
}

/// Raises `corrupted` unless `value` can be a T: what came from shared memory may be anything (P6).
template <class T>
T decoded(const protocol::handle& map, protocol::bytes value) {
  if constexpr (is_plain<T>) {
    if (value.size() != sizeof(T)) [[unlikely]]
      map.raise_corrupted("a key or value has another length than its type");
  }
  return codec<T>::decode(value);
}

/// Room for the bytes of a plain value.
template <class T>
struct plain_bytes {
  alignas(8) std::array<std::byte, sizeof(T)> raw;
};

// Sinks are references: the lookup takes them by value, and keeps them in registers.

/// Takes a plain value into `to`. Up to 8 bytes are in the slot, longer ones in a block; another
/// length is refused.
template <class T>
struct plain_sink {
  static constexpr bool takes_blocks = sizeof(T) > storage::inline_value_bytes;
  static constexpr unsigned inline_length = sizeof(T);

  bool inlined(std::uint64_t payload, unsigned length) const noexcept {
    if constexpr (!takes_blocks) {
      if (length != sizeof(T)) [[unlikely]]
        return false;
      std::memcpy(to, &payload, sizeof(T));
      return true;
    } else {
      return false;
    }
  }
  std::byte* block(std::size_t length) const noexcept { return length == sizeof(T) ? to : nullptr; }

  std::byte* to;
};

/// Takes bytes into a container whose capacity is re-used.
template <class Container>
struct text_sink {
  static constexpr bool takes_blocks = true;

  bool inlined(std::uint64_t payload, unsigned length) const {
    if (length > storage::inline_value_bytes) [[unlikely]]
      return false;
    out->resize(length);
    if (length != 0)
      platform::store_part(reinterpret_cast<std::byte*>(out->data()), payload, length);
    return true;
  }
  std::byte* block(std::size_t length) const {
    out->resize(length);
    return reinterpret_cast<std::byte*>(out->data());
  }

  Container* out;
};

/// Takes bytes for a user's codec.
struct buffer_sink {
  static constexpr bool takes_blocks = true;

  bool inlined(std::uint64_t payload, unsigned length) const {
    if (length > storage::inline_value_bytes) [[unlikely]]
      return false;
    std::memcpy(out->resize(length), &payload, length);
    return true;
  }
  std::byte* block(std::size_t length) const { return out->resize(length); }

  protocol::value_buffer* out;
};

/// Takes nothing: the lookup copies no value.
struct presence_sink {
  static constexpr bool takes_blocks = false;
  static constexpr bool presence_only = true;
};

/// Puts the value that `look_up(sink)` finds into `out`, which becomes or stays empty if that is
/// false. A container that stands in `out` lends its capacity.
template <class T, class LookUp>
[[gnu::always_inline]] inline bool take_into(std::optional<T>& out, LookUp look_up) {
  bool found = false;
  if constexpr (is_plain<T>) {
    plain_bytes<T> value;
    found = look_up(plain_sink<T>{value.raw.data()});
    if (found) out.emplace(codec<T>::decode(value.raw));
  } else if constexpr (is_text<T>) {
    if (!out) out.emplace();
    found = look_up(text_sink<T>{&*out});
  } else {
    protocol::value_buffer value;
    found = look_up(buffer_sink{&value});
    if (found) out.emplace(codec<T>::decode(value.view()));
  }
  if (!found) out.reset();
  return found;
}

/// Looks a key up.
template <class T, class ReaderKey>
bool load_into(const protocol::handle& map, ReaderKey key, std::optional<T>& out) {
  return take_into(out, [&](auto sink) { return protocol::load(map, key, sink); });
}

/// The same into a T that exists already and is not touched before the key was found, unless it is
/// a container.
template <class T, class ReaderKey>
[[gnu::always_inline]] inline bool load_over(const protocol::handle& map, ReaderKey key, T& out) {
  if constexpr (is_plain<T> && sizeof(T) <= storage::inline_value_bytes &&
                (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>)) {
    // Every 8 bytes are a value of such a type, and none is written before the key was found.
    return protocol::load(map, key, plain_sink<T>{reinterpret_cast<std::byte*>(&out)});
  } else if constexpr (is_plain<T>) {
    plain_bytes<T> value;
    if (!protocol::load(map, key, plain_sink<T>{value.raw.data()})) return false;
    out = codec<T>::decode(value.raw);
    return true;
  } else if constexpr (is_text<T>) {
    return protocol::load(map, key, text_sink<T>{&out});
  } else {
    protocol::value_buffer value;
    if (!protocol::load(map, key, buffer_sink{&value})) return false;
    out = codec<T>::decode(value.view());
    return true;
  }
}

/// What `exchange` and its like hand back, made before anything changes: where there is no memory
/// for it nobody loses it.
template <class T>
class value_to_return final : public protocol::value_taker {
 public:
  explicit value_to_return(const protocol::handle& map) noexcept : map_(map) {}
  void take(protocol::bytes value) override { made.emplace(decoded<T>(map_, value)); }

  std::optional<T> made;

 private:
  const protocol::handle& map_;
};

/// What `update` and `fetch_add` do to the bytes: decode, ask the function, encode.
template <class T, class F>
class value_updater final : public protocol::updater {
 public:
  value_updater(const protocol::handle& map, F& f) noexcept : map_(map), f_(f) {}
  protocol::update_step step(bool present, protocol::bytes current,
                             protocol::value_buffer& desired) override {
    standing = f_(decoded_if(present, current));
    if (!standing) return present ? protocol::update_step::remove : protocol::update_step::keep;
    const encoded<T> bytes(*standing);
    const protocol::bytes from = bytes.view();
    std::byte* to = desired.resize(from.size());
    if (!from.empty()) std::memcpy(to, from.data(), from.size());
    return protocol::update_step::put;
  }

  std::optional<T> standing;  ///< what the last call wanted

 private:
  // Not inlined: a compiler that saw the empty optional go into `f` would warn of each `*old` in
  // it.
  [[gnu::noinline]] std::optional<T> decoded_if(bool present, protocol::bytes current) const {
    if (!present) return std::nullopt;
    return decoded<T>(map_, current);
  }

  const protocol::handle& map_;
  F& f_;
};

/// old + delta as fetch_add has it: integers wrap.
template <class T>
constexpr T wrapping_sum(T old, T delta) noexcept {
  if constexpr (std::is_floating_point_v<T>) {
    return old + delta;
  } else {
    using bits = std::uint64_t;
    return static_cast<T>(static_cast<bits>(old) + static_cast<bits>(delta));
  }
}

}  // namespace twinmap::detail
