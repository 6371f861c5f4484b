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
      view_ = std::as_bytes(std::span(from.data(), from.size()));
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
  [[no_unique_address]] std::conditional_t<in_place, protocol::bytes, nothing> view_;
  [[no_unique_address]] std::conditional_t<in_place, nothing, protocol::value_buffer> scratch_;
};

/// A key as the read path compares it. Keys of a fixed size of up to 8 bytes are one word,
/// zero-extended; the hash is over the key's own bytes.
template <class Key>
auto reader_key(const protocol::segment_view& view, protocol::bytes key) noexcept {
  if constexpr (is_plain<Key> && sizeof(Key) <= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, key.data(), sizeof(Key));
    return protocol::word_key{word, view.hash(key.data(), sizeof(Key))};
  } else {
    const std::uint64_t hash = view.hash(key.data(), key.size());
    return protocol::span_key{{key.data(), key.size(), hash}, hash};
  }
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

/// Takes a plain value. Up to 8 bytes are in the slot, longer ones in a block; another length is
/// refused.
template <class T>
class plain_sink {
 public:
  bool inlined(std::uint64_t payload, unsigned length) noexcept {
    if constexpr (sizeof(T) <= 8) {
      if (length != sizeof(T)) [[unlikely]]
        return false;
      std::memcpy(raw_.data(), &payload, sizeof(T));
      return true;
    } else {
      return false;
    }
  }
  std::byte* block(std::size_t length) noexcept {
    return sizeof(T) > 8 && length == sizeof(T) ? raw_.data() : nullptr;
  }
  [[nodiscard]] T value() const noexcept { return codec<T>::decode(raw_); }

 private:
  std::array<std::byte, sizeof(T)> raw_;
};

/// Takes bytes into a container whose capacity is re-used.
template <class Container>
class text_sink {
 public:
  explicit text_sink(Container& out) noexcept : out_(out) {}
  bool inlined(std::uint64_t payload, unsigned length) {
    if (length > storage::inline_value_bytes) [[unlikely]]
      return false;
    out_.resize(length);
    std::memcpy(out_.data(), &payload, length);
    return true;
  }
  std::byte* block(std::size_t length) {
    out_.resize(length);
    return reinterpret_cast<std::byte*>(out_.data());
  }

 private:
  Container& out_;
};

/// Takes bytes for a user's codec, or to be thrown away.
class buffer_sink {
 public:
  bool inlined(std::uint64_t payload, unsigned length) {
    if (length > storage::inline_value_bytes) [[unlikely]]
      return false;
    std::memcpy(buffer_.resize(length), &payload, length);
    return true;
  }
  std::byte* block(std::size_t length) { return buffer_.resize(length); }
  [[nodiscard]] protocol::bytes view() const noexcept { return buffer_.view(); }

 private:
  protocol::value_buffer buffer_;
};

/// Looks a key up and puts the value into `out`, which becomes or stays empty if the key is absent.
/// A container that stands in `out` lends its capacity.
template <class T, class ReaderKey>
bool load_into(const protocol::handle& map, const ReaderKey& key, std::optional<T>& out) {
  if constexpr (is_plain<T>) {
    plain_sink<T> sink;
    if (!protocol::load(map, key, sink)) {
      out.reset();
      return false;
    }
    out.emplace(sink.value());
  } else if constexpr (is_text<T>) {
    if (!out) out.emplace();
    text_sink<T> sink(*out);
    if (!protocol::load(map, key, sink)) {
      out.reset();
      return false;
    }
  } else {
    buffer_sink sink;
    if (!protocol::load(map, key, sink)) {
      out.reset();
      return false;
    }
    out.emplace(codec<T>::decode(sink.view()));
  }
  return true;
}

/// The same into a T that exists already and is not touched before the key was found, unless it is
/// a container.
template <class T, class ReaderKey>
bool load_over(const protocol::handle& map, const ReaderKey& key, T& out) {
  if constexpr (is_plain<T>) {
    plain_sink<T> sink;
    if (!protocol::load(map, key, sink)) return false;
    out = sink.value();
    return true;
  } else if constexpr (is_text<T>) {
    text_sink<T> sink(out);
    return protocol::load(map, key, sink);
  } else {
    buffer_sink sink;
    if (!protocol::load(map, key, sink)) return false;
    out = codec<T>::decode(sink.view());
    return true;
  }
}

/// What `update` and `fetch_add` do to the bytes: decode, ask the function, encode.
template <class T, class F>
class value_updater final : public protocol::updater {
 public:
  value_updater(const protocol::handle& map, F& f) noexcept : map_(map), f_(f) {}
  protocol::update_step step(bool present, protocol::bytes current,
                             protocol::value_buffer& desired) override {
    standing = f_(present ? std::optional<T>(decoded<T>(map_, current)) : std::nullopt);
    if (!standing) return present ? protocol::update_step::remove : protocol::update_step::keep;
    const encoded<T> bytes(*standing);
    const protocol::bytes from = bytes.view();
    std::byte* to = desired.resize(from.size());
    if (!from.empty()) std::memcpy(to, from.data(), from.size());
    return protocol::update_step::put;
  }

  std::optional<T> standing;  ///< what the last call wanted

 private:
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
