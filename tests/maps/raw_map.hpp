// A typed map over protocol::handle: what twinmap::map is, less its comfort, plus the settings and
// the inspection that only tests want. A raw_map and a twinmap::map of the same types share a
// segment.
#pragma once

#include <twinmap/protocol/admin.hpp>
#include <twinmap/protocol/handle.hpp>

#include <bit>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace test_maps {

using twinmap::protocol::attach_mode;
using twinmap::storage::counter;
using twinmap::storage::entry_state;

struct raw_settings {
  std::uint64_t hash_mask = ~0ull;
  std::uint32_t miss_batch = 64;
  std::uint64_t max_bytes = 256ull << 20;
  std::uint64_t max_entries = 0;
  std::uint32_t max_writers = 256;
  std::chrono::nanoseconds lock_timeout = std::chrono::seconds(10);
  std::string directory;
};

// Every key hashes alike; or 16 hash values, in the bits that choose the group and in the tag.
inline constexpr std::uint64_t all_collide = 0;
inline constexpr std::uint64_t truncated = 0xF0000000F0000000;

template <class T>
struct raw_codec;

template <class T>
requires std::is_integral_v<T>
struct raw_codec<T> {
  static std::string name() {
    return (std::is_signed_v<T> ? "i" : "u") + std::to_string(sizeof(T) * 8);
  }
  static constexpr std::uint32_t size = sizeof(T);
  static twinmap::protocol::bytes view(const T& value) {
    return std::as_bytes(std::span<const T, 1>(&value, 1));
  }
  static T make(twinmap::protocol::bytes from) {
    T value{};
    std::memcpy(&value, from.data(), std::min(sizeof value, from.size()));
    return value;
  }
};

template <>
struct raw_codec<std::string> {
  static std::string name() { return "string"; }
  static constexpr std::uint32_t size = 0;
  static twinmap::protocol::bytes view(const std::string& value) {
    return std::as_bytes(std::span(value.data(), value.size()));
  }
  static std::string make(twinmap::protocol::bytes from) {
    return {reinterpret_cast<const char*>(from.data()), from.size()};
  }
};

template <class Key, class T>
class raw_map {
 public:
  raw_map(attach_mode mode, const std::string& name, const raw_settings& settings = {})
      : handle_(twinmap::protocol::handle::attach(request(mode, name, settings))) {}

  std::optional<T> load(const Key& key) const {
    twinmap::protocol::value_buffer out;
    if (!handle_->load(view(key), out)) return std::nullopt;
    return raw_codec<T>::make(out.view());
  }
  bool load(const Key& key, twinmap::protocol::value_buffer& out) const {
    return handle_->load(view(key), out);
  }
  bool contains(const Key& key) const { return load(key).has_value(); }
  void store(const Key& key, const T& value) { handle_->store(view(key), bytes(value)); }
  std::pair<T, bool> load_or_store(const Key& key, const T& value) {
    twinmap::protocol::value_buffer standing;
    const bool loaded = handle_->load_or_store(view(key), bytes(value), standing);
    return {raw_codec<T>::make(standing.view()), loaded};
  }
  std::optional<T> exchange(const Key& key, const T& value) {
    twinmap::protocol::value_buffer previous;
    if (!handle_->exchange(view(key), bytes(value), previous)) return std::nullopt;
    return raw_codec<T>::make(previous.view());
  }
  bool erase(const Key& key) { return handle_->erase(view(key)); }
  std::optional<T> load_and_erase(const Key& key) {
    twinmap::protocol::value_buffer previous;
    if (!handle_->load_and_erase(view(key), previous)) return std::nullopt;
    return raw_codec<T>::make(previous.view());
  }
  bool compare_exchange(const Key& key, const T& expected, const T& desired) {
    return handle_->compare_exchange(view(key), bytes(expected), bytes(desired));
  }
  bool compare_erase(const Key& key, const T& expected) {
    return handle_->compare_erase(view(key), bytes(expected));
  }
  void clear() { handle_->clear(); }
  std::uint64_t size() const { return handle_->size(); }

  // f(const Key&, const T&) → bool.
  template <class F>
  void for_each(F f) const {
    handle_->for_each([&](twinmap::protocol::bytes key, twinmap::protocol::bytes value) {
      return f(raw_codec<Key>::make(key), raw_codec<T>::make(value));
    });
  }
  std::uint64_t count() const {
    std::uint64_t seen = 0;
    handle_->for_each([&](auto, auto) { return ++seen != 0; });
    return seen;
  }

  twinmap::protocol::check_report check() const { return twinmap::protocol::check(*handle_); }
  twinmap::protocol::sweep_report sweep() { return twinmap::protocol::sweep(*handle_); }
  bool promote() { return twinmap::protocol::promote(*handle_); }
  bool compact() { return twinmap::protocol::compact(*handle_); }
  bool prepare_standby() { return twinmap::protocol::prepare_standby(*handle_); }
  // by_state counts the entries of each state, which takes a walk over all slots.
  twinmap::protocol::stats_snapshot stats(bool by_state = false) const {
    return twinmap::protocol::stats(*handle_, by_state);
  }
  std::uint64_t counted(counter which) const {
    return stats().counts[static_cast<std::size_t>(which)];
  }
  // The slot that names `key` and is not free; nothing if there is none.
  std::optional<twinmap::protocol::slot_info> slot_of(const Key& key) const {
    std::optional<twinmap::protocol::slot_info> found;
    twinmap::protocol::for_each_slot(*handle_, [&](const twinmap::protocol::slot_info& slot) {
      if (slot.state == entry_state::free || raw_codec<Key>::make(slot.key) != key) return true;
      found = slot;
      return false;
    });
    return found;
  }
  twinmap::protocol::handle& raw() const { return *handle_; }

 private:
  static twinmap::protocol::attach_request request(attach_mode mode, const std::string& name,
                                                   const raw_settings& settings) {
    twinmap::protocol::attach_request wanted;
    wanted.name = name;
    wanted.mode = mode;
    wanted.key = {raw_codec<Key>::name(), raw_codec<Key>::size};
    wanted.value = {raw_codec<T>::name(), raw_codec<T>::size};
    wanted.directory = settings.directory;
    wanted.max_bytes = settings.max_bytes;
    wanted.max_entries = settings.max_entries;
    wanted.max_writers = settings.max_writers;
    wanted.hash_mask = settings.hash_mask;
    wanted.miss_batch = settings.miss_batch;
    wanted.lock_timeout = settings.lock_timeout;
    return wanted;
  }
  twinmap::protocol::key_view view(const Key& key) const {
    const twinmap::protocol::bytes raw = raw_codec<Key>::view(key);
    return handle_->key(raw.data(), raw.size());
  }
  static twinmap::protocol::bytes bytes(const T& value) { return raw_codec<T>::view(value); }

  std::unique_ptr<twinmap::protocol::handle> handle_;
};

}  // namespace test_maps
