#pragma once

// twinmap::map<Key, T>: Go's sync.Map for processes. Every process that attaches to a name sees the
// same map.
//
// LIMITATIONS. It is made for keys that are written seldom and read often, or whose set is stable.
// Heavy writing of new keys waits for one mutex and rebuilds the index again and again: use a
// partitioned table or a database for that. Values are copied out on every lookup; there are no
// references into the map, and no transactions over several keys.
//
// THREAD SAFETY. All members but move, `close` and destruction may be called by many threads at
// once, and from a child after `fork`. Every operation on one key is linearizable across processes
// (P8).
//
// PROGRESS. `load` never waits and makes no system call (P1), whatever state other processes are
// in: running, stopped or killed (P3, P4). "Lock-free for present keys" means that nobody's death
// or suspension delays the operation on a key that has an entry; a new key takes the mutex, which a
// stopped process may hold for as long as `lock_timeout`. "Needs memory" means that values of over
// 8 bytes take a block first and may fail with `no_space`.
//
// FAILURE. Mutators throw `twinmap::error`; a failed one has changed nothing (P7). Every mutator
// and constructor has a twin with a last `std::error_code&` that throws no `twinmap::error`. All
// mutators may fail with `not_attached`, `read_only`, `retired`, `too_many_writers` (a thread's
// first write takes a lease) or `corrupted` (P6); "Failure:" names what comes in addition. Lookups
// on a healthy map throw only what copying a T throws.
//
// NAMES have 1 to 200 of [A-Za-z0-9._-], are not "." or "..", and do not end in ".lock".

#include <twinmap/any_map.hpp>
#include <twinmap/in_place.hpp>
#include <twinmap/protocol/pipeline.hpp>
#include <twinmap/wire.hpp>

namespace twinmap {

/// The operations of `map<Key, T>` and `bytes_map`: all but how to attach.
template <class Key, class T>
class basic_map : public any_map {
  static_assert(detail::usable_as_key<Key>() && detail::usable_as_value<T>());

 public:
  using key_type = Key;
  using mapped_type = T;
  /// How keys are passed: `std::string_view` for string keys, so that nothing is allocated; else
  /// `Key`.
  using lookup_key = detail::argument<Key>;
  /// How values are passed: likewise.
  using value_argument = detail::argument<T>;

  /// The key's value, or nothing if it is absent. A hit writes nothing shared and works on a
  /// PROT_READ mapping (P1, P2).
  /// Progress: wait-free but for retries while writers change this very key; no system call.
  [[gnu::always_inline]] std::optional<T> load(const lookup_key& key) const {
    // Inlined, so that the optional is made where it is used: g++ returns one through memory, and
    // the caller would wait until its byte-wide flag has left the store buffer.
    if constexpr (detail::is_plain<T>) {
      detail::plain_bytes<T> value;
      if (!load_plain(key, value)) return std::nullopt;
      return codec<T>::decode(value.raw);
    } else {
      std::optional<T> result;
      load_other(key, result);
      return result;
    }
  }

  /// The same into `out`, whose capacity is re-used. False if the key is absent; a string or vector
  /// then holds anything.
  /// Progress: as above.
  [[gnu::always_inline]] bool load(const lookup_key& key, T& out) const {
    const detail::encoded<Key> bytes(key);
    const protocol::handle& map = attached();
    return detail::load_over(map, detail::reader_key<Key>(map.view, bytes.view()), out);
  }

  /// Whether the key is present.
  /// Progress: as load.
  bool contains(const lookup_key& key) const {
    const detail::encoded<Key> bytes(key);
    const protocol::handle& map = attached();
    return protocol::load(map, detail::reader_key<Key>(map.view, bytes.view()),
                          detail::presence_sink{});
  }

  /// Looks many keys up, prefetching the next ones' cache lines meanwhile: `out[i]` becomes the
  /// value of `keys[i]`, or empty if that is absent; what stands in `out` lends its capacity.
  /// Returns how many are present. Each lookup is on its own: together they are no snapshot.
  /// Failure: `std::invalid_argument` if `out` is shorter than `keys`.
  /// Progress: as load.
  std::size_t load_many(std::span<const lookup_key> keys, std::span<std::optional<T>> out) const;

  /// Calls f(key, value) for the keys present. No key comes twice, and one that is present from
  /// begin to end comes exactly once (P8); others may or may not. The arguments are copies. `f` may
  /// call any member and may throw; if it returns bool, false stops.
  /// Progress: lock-free, O(slots); `f` runs under no lock.
  template <class F>
  void for_each(F&& f) const;

  /// Sets the key's value, whether or not it is present.
  /// Failure: `no_space`, `too_many_entries`, `key_too_long`, `value_too_long`, `lock_timeout`.
  /// Progress: lock-free for present keys; a new key may wait for the mutex; needs memory.
  [[gnu::always_inline]] void store(const lookup_key& key, const value_argument& value) {
    if constexpr (changes_in_place) {
      std::uint64_t previous;
      if (detail::exchange_in_place(attached(), key, value, previous) != detail::in_place::no)
          [[likely]]
        return;
    }
    store_generally(key, value);
  }
  void store(const lookup_key& key, const value_argument& value, std::error_code& code) {
    detail::with_code(code, [&] { store(key, value); });
  }

  /// The key's value and true if it is present; else sets it to `value`, and returns that and
  /// false.
  /// Failure and progress: as store.
  std::pair<T, bool> load_or_store(const lookup_key& key, const value_argument& value) {
    if constexpr (changes_in_place) {
      std::uint64_t standing;
      switch (detail::load_or_store_in_place(attached(), key, value, standing)) {
        case detail::in_place::was_live:
          return {detail::value_of<T>(standing), true};
        case detail::in_place::was_absent:
          return {value, false};
        case detail::in_place::no:
          break;
      }
    }
    const detail::encoded<Key> k(key);
    const detail::encoded<T> v(value);
    protocol::handle& map = refreshed();
    detail::value_to_return<T> standing(map);
    const bool loaded = map.load_or_store(view_of(k), v.view(), standing);
    return {std::move(*standing.made), loaded};
  }
  std::pair<T, bool> load_or_store(const lookup_key& key, const value_argument& value,
                                   std::error_code& code) {
    return detail::with_code(code, std::pair<T, bool>(T(value), false),
                             [&] { return load_or_store(key, value); });
  }

  /// Sets the key's value and returns exactly the one it replaced: each value comes back to one
  /// caller. Empty if the key was absent.
  /// Failure and progress: as store.
  std::optional<T> exchange(const lookup_key& key, const value_argument& value) {
    if constexpr (changes_in_place) {
      std::uint64_t payload;
      const detail::in_place done = detail::exchange_in_place(attached(), key, value, payload);
      if (done == detail::in_place::was_live) return detail::value_of<T>(payload);
      if (done == detail::in_place::was_absent) return std::nullopt;
    }
    const detail::encoded<Key> k(key);
    const detail::encoded<T> v(value);
    protocol::handle& map = refreshed();
    detail::value_to_return<T> previous(map);
    if (!map.exchange(view_of(k), v.view(), previous)) return std::nullopt;
    return std::move(previous.made);
  }
  std::optional<T> exchange(const lookup_key& key, const value_argument& value,
                            std::error_code& code) {
    return detail::with_code(code, std::optional<T>(), [&] { return exchange(key, value); });
  }

  /// Makes the key absent. False if it was. Works when the map is full, and makes room (P7).
  /// Progress: lock-free; needs no memory.
  bool erase(const lookup_key& key) {
    if constexpr (changes_in_place) {
      std::uint64_t previous;
      const detail::in_place done = detail::erase_in_place<Key, T>(attached(), key, previous);
      if (done != detail::in_place::no) return done == detail::in_place::was_live;
    }
    const detail::encoded<Key> k(key);
    return refreshed().erase(view_of(k));
  }
  bool erase(const lookup_key& key, std::error_code& code) {
    return detail::with_code(code, false, [&] { return erase(key); });
  }

  /// Makes the key absent and returns exactly the value it had; empty if it was absent.
  /// Progress: as erase.
  std::optional<T> load_and_erase(const lookup_key& key) {
    if constexpr (changes_in_place) {
      std::uint64_t payload;
      const detail::in_place done = detail::erase_in_place<Key, T>(attached(), key, payload);
      if (done == detail::in_place::was_live) return detail::value_of<T>(payload);
      if (done == detail::in_place::was_absent) return std::nullopt;
    }
    const detail::encoded<Key> k(key);
    protocol::handle& map = refreshed();
    detail::value_to_return<T> previous(map);
    if (!map.load_and_erase(view_of(k), previous)) return std::nullopt;
    return std::move(previous.made);
  }
  std::optional<T> load_and_erase(const lookup_key& key, std::error_code& code) {
    return detail::with_code(code, std::optional<T>(), [&] { return load_and_erase(key); });
  }

  /// Sets the key's value to `desired` if it is `expected`, byte for byte (0.0 and -0.0 differ, a
  /// NaN equals itself). False, and nothing done, if it is not or if the key is absent.
  /// Failure: `no_space`, `value_too_long`.
  /// Progress: lock-free; needs memory.
  bool compare_exchange(const lookup_key& key, const value_argument& expected,
                        const value_argument& desired) {
    check_comparable();
    if constexpr (changes_in_place) {
      bool held = false;
      if (detail::compare_in_place(attached(), key, expected, desired, held)) return held;
    }
    const detail::encoded<Key> k(key);
    const detail::encoded<T> from(expected);
    const detail::encoded<T> to(desired);
    return refreshed().compare_exchange(view_of(k), from.view(), to.view());
  }
  bool compare_exchange(const lookup_key& key, const value_argument& expected,
                        const value_argument& desired, std::error_code& code) {
    return detail::with_code(code, false, [&] { return compare_exchange(key, expected, desired); });
  }

  /// Makes the key absent if its value is `expected`, byte for byte. False, and nothing done, if it
  /// is not or if the key is absent.
  /// Progress: lock-free; needs no memory.
  bool compare_erase(const lookup_key& key, const value_argument& expected) {
    check_comparable();
    if constexpr (changes_in_place) {
      bool held = false;
      if (detail::compare_erase_in_place(attached(), key, expected, held)) return held;
    }
    const detail::encoded<Key> k(key);
    const detail::encoded<T> from(expected);
    return refreshed().compare_erase(view_of(k), from.view());
  }
  bool compare_erase(const lookup_key& key, const value_argument& expected, std::error_code& code) {
    return detail::with_code(code, false, [&] { return compare_erase(key, expected); });
  }

  /// Adds `delta` and returns the value before; an absent key counts as 0 and becomes present.
  /// Integers wrap around. For arithmetic T but bool.
  /// Failure: as store.
  /// Progress: lock-free for present keys; a new key may wait for the mutex.
  T fetch_add(const lookup_key& key, T delta) {
    static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>,
                  "twinmap: fetch_add needs an arithmetic value type other than bool");
    T old{};
    if constexpr (changes_in_place) {
      if (detail::add_in_place(attached(), key, delta, old)) return old;
    }
    run_update(key, [&](const std::optional<T>& present) -> std::optional<T> {
      old = present.value_or(T{});
      return detail::wrapping_sum(old, delta);
    });
    return old;
  }
  T fetch_add(const lookup_key& key, T delta, std::error_code& code) {
    return detail::with_code(code, T{}, [&] { return fetch_add(key, delta); });
  }

  /// Replaces the key's value by f(value), where `f` takes an empty optional if the key is absent,
  /// and returns an empty one to make it absent. Returns what stands after. `f` runs again when
  /// another writer was faster, never under a lock; if it throws, nothing has changed and the
  /// exception passes through.
  /// Failure: as store.
  /// Progress: lock-free for present keys; a new key may wait for the mutex; needs memory.
  template <class F>
  std::optional<T> update(const lookup_key& key, F&& f) {
    static_assert(std::is_invocable_r_v<std::optional<T>, F&, std::optional<T>>,
                  "twinmap: update needs a function std::optional<T>(std::optional<T>)");
    return run_update(key, f);
  }
  template <class F>
  std::optional<T> update(const lookup_key& key, F&& f, std::error_code& code) {
    return detail::with_code(code, std::optional<T>(), [&] { return update(key, f); });
  }

 protected:
  basic_map() noexcept = default;
  using any_map::any_map;
  basic_map(basic_map&&) noexcept = default;
  basic_map& operator=(basic_map&&) noexcept = default;
  ~basic_map() = default;

 private:
  protocol::key_view view_of(const detail::encoded<Key>& key) const {
    return attached().key(key.view().data(), key.view().size());
  }
  static constexpr void check_comparable() noexcept {
    static_assert(detail::comparable_bytes<T>,
                  "twinmap: compare_exchange and compare_erase compare bytes, and this value type "
                  "has padding or "
                  "floating-point members: equal values may differ in their bytes");
  }
  void store_generally(const lookup_key& key, const value_argument& value) {
    const detail::encoded<Key> k(key);
    const detail::encoded<T> v(value);
    refreshed().store(view_of(k), v.view());
  }
  /// The handle, after the shorter way was not open; next time it may be.
  protocol::handle& refreshed() const {
    protocol::handle& map = attached();
    if constexpr (changes_in_place) protocol::refresh_line(map);
    return map;
  }
  /// The commonest changes of such maps have a shorter way.
  static constexpr bool changes_in_place = detail::changes_in_place<Key, T>;
  [[gnu::always_inline]] bool load_plain(const lookup_key& key, detail::plain_bytes<T>& out) const {
    const detail::encoded<Key> bytes(key);
    const protocol::handle& map = attached();
    return protocol::load(map, detail::reader_key<Key>(map.view, bytes.view()),
                          detail::plain_sink<T>{out.raw.data()});
  }
  void load_other(const lookup_key& key, std::optional<T>& out) const {
    const detail::encoded<Key> bytes(key);
    const protocol::handle& map = attached();
    detail::load_into(map, detail::reader_key<Key>(map.view, bytes.view()), out);
  }
  template <class F>
  std::optional<T> run_update(const lookup_key& key, F&& f) {
    const detail::encoded<Key> k(key);
    protocol::handle& map = refreshed();
    detail::value_updater<T, std::remove_reference_t<F>> updater(map, f);
    protocol::value_buffer previous;
    protocol::value_buffer standing;
    bool had = false;
    map.update(view_of(k), updater, previous, had, standing);
    return std::move(updater.standing);
  }
};

/// A map of one key and one value type; see the top of this file. Two handles of one process on one
/// map are two attachments, and cost two.
template <class Key, class T>
class map : public basic_map<Key, T> {
 public:
  /// A detached handle.
  map() noexcept = default;

  /// Attaches to the map `name`, or makes it; see the tags in any_map.hpp. The map is the same
  /// whoever made it: the types' written names are compared, `type_mismatch` names both.
  /// Failure: `invalid_name`, `already_exists`, `not_found`, `type_mismatch`,
  /// `incompatible_layout`, `corrupted`, `permission_denied`, `no_space`, `unsupported_platform`;
  /// with a code the handle is then detached.
  /// Progress: system calls; waits for nobody (a creator killed half way leaves nothing, P4).
  template <detail::attach_tag Tag>
  map(Tag tag, const std::string& name, const twinmap::options& wanted = {})
      : basic_map<Key, T>(detail::attach(request(tag, name, wanted), detail::header_layout)) {}
  template <detail::attach_tag Tag>
  map(Tag tag, const std::string& name, const twinmap::options& wanted, std::error_code& code) {
    detail::with_code(code, [&] { *this = map(tag, name, wanted); });
  }
  template <detail::attach_tag Tag>
  map(Tag tag, const std::string& name, std::error_code& code) : map(tag, name, {}, code) {}

 private:
  template <detail::attach_tag Tag>
  static protocol::attach_request request(Tag tag, const std::string& name,
                                          const twinmap::options& wanted = {}) {
    protocol::attach_request result = detail::make_request(detail::mode_of(tag), name, wanted);
    result.key = {detail::written_name<Key>(), detail::fixed_size<Key>()};
    result.value = {detail::written_name<T>(), detail::fixed_size<T>()};
    return result;
  }
};

}  // namespace twinmap

#include <twinmap/map_inl.hpp>
