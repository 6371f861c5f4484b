// The C interface: mutators. Those that hand a value back decide on what stands before they change
// it, so that a buffer that is too small costs nothing: the key keeps its value.

#include <twinmap/c_support.hpp>
#include <twinmap/protocol/mutation.hpp>
#include <twinmap/wire.hpp>

namespace twinmap::c {
namespace {

using protocol::update_step;
using protocol::value_buffer;

/// What a caller's buffer is to get. It is filled when all is done: it may be the memory of an
/// argument, and the mutation may start again.
class result_buffer {
 public:
  result_buffer(void* to, std::size_t* length) noexcept : to_(to), length_(length) {}

  /// Keeps a copy of `value` for `deliver`. False if the caller has no room for it.
  bool take(bytes value) {
    if (length_ == nullptr) return true;
    fits_ = value.size() <= *length_;
    needed_ = value.size();
    if (fits_) std::copy(value.begin(), value.end(), value_.resize(value.size()));
    return fits_;
  }

  twinmap_status deliver(const twinmap_map& map) noexcept {
    if (length_ == nullptr) return TWINMAP_OK;
    const std::size_t room = std::exchange(*length_, needed_);
    if (!fits_) return too_small(map, "value", needed_, room);
    if (needed_ != 0) std::memcpy(to_, value_.view().data(), needed_);
    return TWINMAP_OK;
  }

 private:
  void* to_;
  std::size_t* length_;
  std::size_t needed_ = 0;
  bool fits_ = true;
  value_buffer value_;
};

struct exchange_operation final : protocol::mutation {
  exchange_operation(bytes value, result_buffer& out) : previous(out) {
    desired = value;
    wants_value = true;
    counts_miss = false;
  }
  update_step decide(bool present, bytes current) override {
    had = present;
    return previous.take(present ? current : bytes{}) ? update_step::put : update_step::keep;
  }
  result_buffer& previous;
  bool had = false;
};

struct load_or_store_operation final : protocol::mutation {
  load_or_store_operation(bytes value, result_buffer& out) : standing(out) {
    desired = value;
    wants_value = true;
  }
  update_step decide(bool present, bytes current) override {
    loaded = present;
    const bool fits = standing.take(present ? current : desired);
    return present || !fits ? update_step::keep : update_step::put;
  }
  result_buffer& standing;
  bool loaded = false;
};

struct load_and_erase_operation final : protocol::mutation {
  explicit load_and_erase_operation(result_buffer& out) : previous(out) {
    wants_value = true;
    counted = storage::counter::erases;
  }
  update_step decide(bool present, bytes current) override {
    had = present;
    return !present || previous.take(current) ? update_step::remove : update_step::keep;
  }
  result_buffer& previous;
  bool had = false;
};

struct add_operation final : protocol::mutation {
  explicit add_operation(std::int64_t wanted) : delta(wanted) {
    wants_value = true;
    desired = std::as_bytes(std::span(&sum, 1));
  }
  update_step decide(bool present, bytes current) override {
    before = 0;
    if (present && current.size() == sizeof before)  // damaged otherwise: it counts as 0 (P6)
      std::memcpy(&before, current.data(), sizeof before);
    sum = detail::wrapping_sum(before, delta);
    return update_step::put;
  }
  std::int64_t delta;
  std::int64_t before = 0;
  std::int64_t sum = 0;
};

/// Runs `f(key)`, which returns a status, for a key that can be one of the map.
template <class F>
twinmap_status with_key(twinmap_map* map, const void* k, std::size_t kn, F&& f) noexcept {
  if (const twinmap_status bad = check_key(map, k, kn)) return bad;
  return guarded([&] {
    const bytes key = view_of(k, kn);
    return f(map->handle().key(key.data(), key.size()));
  });
}

/// The same with a value, and with a buffer for another one.
template <class F>
twinmap_status with_value(twinmap_map* map, const void* k, std::size_t kn, const void* v,
                          std::size_t vn, F&& f) noexcept {
  return with_key(map, k, kn, [&](protocol::key_view key) {
    if (const twinmap_status bad = check_value(map, v, vn)) return bad;
    return f(key, view_of(v, vn));
  });
}

}  // namespace
}  // namespace twinmap::c

using namespace twinmap::c;
using twinmap::protocol::key_view;

extern "C" {

twinmap_status twinmap_store(twinmap_map* map, const void* k, size_t kn, const void* v, size_t vn) {
  return with_value(map, k, kn, v, vn, [&](key_view key, bytes value) {
    map->handle().store(key, value);
    return TWINMAP_OK;
  });
}

twinmap_status twinmap_load_or_store(twinmap_map* map, const void* k, size_t kn, const void* v,
                                     size_t vn, void* buf, size_t* n, int* loaded) {
  return with_value(map, k, kn, v, vn, [&](key_view key, bytes value) {
    if (const twinmap_status bad = check_buffer(map, buf, n)) return bad;
    result_buffer standing(buf, n);
    load_or_store_operation operation(value, standing);
    twinmap::protocol::mutate(map->handle(), key, operation);
    if (loaded != nullptr) *loaded = operation.loaded ? 1 : 0;
    return standing.deliver(*map);
  });
}

twinmap_status twinmap_exchange(twinmap_map* map, const void* k, size_t kn, const void* v,
                                size_t vn, void* buf, size_t* n, int* replaced) {
  return with_value(map, k, kn, v, vn, [&](key_view key, bytes value) {
    if (const twinmap_status bad = check_buffer(map, buf, n)) return bad;
    result_buffer previous(buf, n);
    exchange_operation operation(value, previous);
    twinmap::protocol::mutate(map->handle(), key, operation);
    const twinmap_status result = previous.deliver(*map);
    if (replaced != nullptr) *replaced = operation.had && result == TWINMAP_OK ? 1 : 0;
    return result;
  });
}

twinmap_status twinmap_erase(twinmap_map* map, const void* k, size_t kn) {
  return with_key(map, k, kn, [&](key_view key) {
    return map->handle().erase(key) ? TWINMAP_OK : TWINMAP_NOT_FOUND;
  });
}

twinmap_status twinmap_load_and_erase(twinmap_map* map, const void* k, size_t kn, void* buf,
                                      size_t* n) {
  return with_key(map, k, kn, [&](key_view key) {
    if (const twinmap_status bad = check_buffer(map, buf, n)) return bad;
    result_buffer previous(buf, n);
    load_and_erase_operation operation(previous);
    twinmap::protocol::mutate(map->handle(), key, operation);
    return operation.had ? previous.deliver(*map) : TWINMAP_NOT_FOUND;
  });
}

twinmap_status twinmap_compare_exchange(twinmap_map* map, const void* k, size_t kn,
                                        const void* expected, size_t en, const void* desired,
                                        size_t dn, int* exchanged) {
  return with_value(map, k, kn, expected, en, [&](key_view key, bytes from) {
    if (const twinmap_status bad = check_value(map, desired, dn)) return bad;
    if (exchanged == nullptr) return missing(map, "the flag");
    *exchanged = 0;
    *exchanged = map->handle().compare_exchange(key, from, view_of(desired, dn)) ? 1 : 0;
    return TWINMAP_OK;
  });
}

twinmap_status twinmap_compare_erase(twinmap_map* map, const void* k, size_t kn,
                                     const void* expected, size_t en, int* erased) {
  return with_value(map, k, kn, expected, en, [&](key_view key, bytes from) {
    if (erased == nullptr) return missing(map, "the flag");
    *erased = 0;
    *erased = map->handle().compare_erase(key, from) ? 1 : 0;
    return TWINMAP_OK;
  });
}

twinmap_status twinmap_add_i64(twinmap_map* map, const void* k, size_t kn, int64_t delta,
                               int64_t* before) {
  return with_key(map, k, kn, [&](key_view key) {
    const std::string& type = map->about.value_type;
    if (type != "i64" && type != "u64")
      return refuse(TWINMAP_TYPE_MISMATCH, map->about.name.c_str(),
                    "values of this map are %s, and only i64 and u64 can be added to",
                    type.c_str());
    add_operation operation(delta);
    twinmap::protocol::mutate(map->handle(), key, operation);
    if (before != nullptr) *before = operation.before;
    return TWINMAP_OK;
  });
}

twinmap_status twinmap_clear(twinmap_map* map) {
  if (map == nullptr) return missing(map, "");
  return guarded([&] {
    map->handle().clear();
    return TWINMAP_OK;
  });
}
}
