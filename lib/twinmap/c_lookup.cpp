// The C interface: lookups, and walks over the keys.

#include <twinmap/c_support.hpp>
#include <twinmap/protocol/pipeline.hpp>
#include <twinmap/protocol/walk.hpp>
#include <twinmap/wire.hpp>

#include <array>

namespace twinmap::c {
namespace {

/// A caller's buffer, and what became of it.
struct destination {
  std::byte* to;
  std::size_t room;
  std::size_t length = 0;
};

/// Takes a value straight into a caller's buffer, or only its length where it does not fit.
struct buffer_sink {
  static constexpr bool takes_blocks = true;

  bool inlined(std::uint64_t payload, unsigned length) const noexcept {
    if (length > storage::inline_value_bytes) [[unlikely]]
      return false;
    out->length = length;
    if (length <= out->room && length != 0) std::memcpy(out->to, &payload, length);
    return true;
  }
  bool declines(std::size_t length) const noexcept {
    out->length = length;
    return length > out->room;
  }
  std::byte* block(std::size_t) const noexcept { return out->to; }

  destination* out;
};

/// Looks up a key of the right size; `hash` is of its bytes. Keys of a fixed size of up to 8 bytes
/// are one word, as in map<Key, T>.
template <class Sink>
[[gnu::always_inline]] inline bool look_up(const twinmap_map& map, bytes key, std::uint64_t hash,
                                           Sink sink) {
  if (map.key_size != 0 && map.key_size <= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, key.data(), map.key_size);
    return protocol::load(map.handle(), protocol::word_key{word, hash}, sink);
  }
  return protocol::load(map.handle(), protocol::span_key{{key.data(), key.size(), hash}, hash},
                        sink);
}

/// twinmap_load of a key that has been checked.
[[gnu::always_inline]] inline twinmap_status load_checked(const twinmap_map& map, bytes key,
                                                          std::uint64_t hash, void* buf,
                                                          std::size_t* n) {
  destination value{static_cast<std::byte*>(buf), *n};
  if (!look_up(map, key, hash, buffer_sink{&value})) return TWINMAP_NOT_FOUND;
  const std::size_t room = *n;
  *n = value.length;
  if (value.length > room) [[unlikely]]
    return too_small(map, "value", value.length, room);
  return TWINMAP_OK;
}

/// One key of many: checked and looked up, like twinmap_load.
twinmap_status load_one(const twinmap_map& map, twinmap_lookup& one, std::uint64_t hash) {
  if (const twinmap_status bad = check_key(&map, one.key, one.key_size)) return bad;
  if (const twinmap_status bad = check_buffer(&map, one.buf, &one.n)) return bad;
  return load_checked(map, view_of(one.key, one.key_size), hash, one.buf, &one.n);
}

struct many_result {
  std::size_t found = 0;
  twinmap_status failure = TWINMAP_OK;  ///< the first one
};

/// The keys of one stretch, through the stages of protocol/pipeline.hpp, the last of which is a
/// lookup like any other.
template <class Group>
void load_stretch(const twinmap_map& map, const protocol::stretch_table& table,
                  std::span<twinmap_lookup> lookups, many_result& result) {
  const protocol::segment_view& view = map.handle().view;
  protocol::lookups_in_flight<Group, 4> flight(view, table);
  const auto ask_for_group = [&](std::size_t i) {
    const twinmap_lookup& one = lookups[i];
    const bytes key = view_of(one.key, one.key == nullptr ? 0 : one.key_size);
    flight.ask_for_group(i, view.hash(key.data(), key.size()));
  };
  const auto ask_for_slot = [&](std::size_t i) { flight.ask_for_slot(i); };
  const auto ask_for_block = [&](std::size_t i) { flight.ask_for_block(i); };
  const auto read = [&](std::size_t i) {
    twinmap_lookup& one = lookups[i];
    one.status = load_one(map, one, flight.hash(i));
    if (one.status == TWINMAP_OK || one.status == TWINMAP_BUFFER_TOO_SMALL) ++result.found;
    if (result.failure == TWINMAP_OK && one.status != TWINMAP_NOT_FOUND)
      result.failure = one.status;
  };
  protocol::run_in_stages(lookups.size(), read, ask_for_block, ask_for_slot, ask_for_group);
}

}  // namespace
}  // namespace twinmap::c

/// The entry that was given last is kept, for a caller whose buffers were too small.
struct twinmap_scan {
  explicit twinmap_scan(const twinmap_map* m) : map(*m), walk(m->handle()) {}

  const twinmap_map& map;
  twinmap::protocol::key_walk walk;
  twinmap::protocol::slot_copy copy;
  bool again = false;  ///< `copy` has not been given yet
};

using namespace twinmap::c;

extern "C" {

twinmap_status twinmap_load(const twinmap_map* map, const void* k, size_t kn, void* buf,
                            size_t* n) {
  if (const twinmap_status bad = check_key(map, k, kn)) [[unlikely]]
    return bad;
  if (n == nullptr) [[unlikely]]
    return missing(map, "the length");
  if (const twinmap_status bad = check_buffer(map, buf, n)) [[unlikely]]
    return bad;
  return guarded([&] {
    const bytes key = view_of(k, kn);
    return load_checked(*map, key, map->handle().view.hash(key.data(), key.size()), buf, n);
  });
}

twinmap_status twinmap_contains(const twinmap_map* map, const void* k, size_t kn) {
  if (const twinmap_status bad = check_key(map, k, kn)) return bad;
  return guarded([&] {
    const bytes key = view_of(k, kn);
    const std::uint64_t hash = map->handle().view.hash(key.data(), key.size());
    return look_up(*map, key, hash, twinmap::detail::presence_sink{}) ? TWINMAP_OK
                                                                      : TWINMAP_NOT_FOUND;
  });
}

twinmap_status twinmap_load_many(const twinmap_map* map, twinmap_lookup* lookups, size_t count,
                                 size_t* found) {
  if (map == nullptr || (lookups == nullptr && count != 0)) return missing(map, "the keys' array");
  return guarded([&] {
    many_result result;
    twinmap::protocol::for_each_stretch(
        map->handle(), count, [&]<class Group>(const auto& table, auto at, auto length) {
          load_stretch<Group>(*map, table, {lookups + at, length}, result);
        });
    if (found != nullptr) *found = result.found;
    return result.failure;
  });
}

twinmap_status twinmap_scan_begin(const twinmap_map* map, twinmap_scan** out) {
  if (out == nullptr) return missing(map, "the scan's place");
  *out = nullptr;
  if (map == nullptr) return missing(map, "");
  return guarded([&] {
    *out = new twinmap_scan(map);
    return TWINMAP_OK;
  });
}

twinmap_status twinmap_scan_next(twinmap_scan* scan, void* key_buf, size_t* key_n, void* buf,
                                 size_t* n) {
  if (scan == nullptr) return refuse(TWINMAP_INVALID_ARGUMENT, "", "the scan is NULL");
  if (key_n == nullptr) return missing(&scan->map, "the key's length");
  if (const twinmap_status bad = check_buffer(&scan->map, key_buf, key_n)) return bad;
  if (const twinmap_status bad = check_buffer(&scan->map, buf, n)) return bad;
  return guarded([&] {
    if (!scan->again && !scan->walk.next(scan->copy)) return TWINMAP_NOT_FOUND;
    const bytes key = scan->copy.key.view();
    const bytes value = scan->copy.value.view();
    const std::size_t key_room = std::exchange(*key_n, key.size());
    const std::size_t room = n != nullptr ? std::exchange(*n, value.size()) : value.size();
    scan->again = key.size() > key_room || value.size() > room;
    if (key.size() > key_room) return too_small(scan->map, "key", key.size(), key_room);
    if (value.size() > room) return too_small(scan->map, "value", value.size(), room);
    if (!key.empty()) std::memcpy(key_buf, key.data(), key.size());
    if (n != nullptr && !value.empty()) std::memcpy(buf, value.data(), value.size());
    return TWINMAP_OK;
  });
}

twinmap_status twinmap_scan_end(twinmap_scan* scan) {
  delete scan;
  return TWINMAP_OK;
}
}
