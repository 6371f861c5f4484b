#pragma once

// What the sources of the C interface (twinmap.h) share: the map behind the opaque pointer, and the
// way from exceptions to statuses.

#include <twinmap/twinmap.h>
#include <twinmap/any_map.hpp>
#include <twinmap/describe.hpp>

#include <algorithm>
#include <cstring>

namespace twinmap::c {

using protocol::bytes;

/// Keeps status, errno and text for twinmap_last_error of this thread; returns the status.
twinmap_status fail(twinmap_status status, int errno_value, const char* text) noexcept;
/// The same with a text made as printf makes it, after "twinmap 'MAP': CODE: ".
[[gnu::format(printf, 3, 4)]] twinmap_status refuse(twinmap_status status, const char* map,
                                                    const char* format, ...) noexcept;
/// To be called in a catch block: the status of the exception that is being handled.
twinmap_status fail_with_current_exception() noexcept;

/// Runs `f`, which returns a status. Nothing is thrown across the C interface.
template <class F>
twinmap_status guarded(F&& f) noexcept {
  try {
    return f();
  } catch (...) {
    return fail_with_current_exception();
  }
}

/// A C program's structure of `size` bytes from one of ours: what both know is copied.
template <class Struct>
void copy_out(const Struct& from, Struct* to) noexcept {
  const std::size_t size = std::min(to->struct_size, sizeof(Struct));
  std::memcpy(reinterpret_cast<std::byte*>(to) + sizeof(std::size_t),
              reinterpret_cast<const std::byte*>(&from) + sizeof(std::size_t),
              size - sizeof(std::size_t));
}
template <class Struct>
bool has_size(const Struct* s) noexcept {
  return s != nullptr && s->struct_size >= sizeof(std::size_t);
}

/// What the options of a C program ask for; NULL: the defaults. Raises std::invalid_argument.
options from_c(const twinmap_options* from);
/// Borrows the strings of `info`.
twinmap_map_info info_to_c(const map_info& info) noexcept;

}  // namespace twinmap::c

/// A map of any types. What is constant is written at open, so that pointers to it stay valid.
struct twinmap_map : twinmap::any_map {
  twinmap_map(const twinmap::protocol::attach_request& request, std::uint64_t layout)
      : any_map(twinmap::detail::attach(request, layout)),
        key_size(handle().view.constant.key_type.size),
        value_size(handle().view.constant.value_type.size),
        in_force(options()),
        about(twinmap::detail::describe_constants(handle())) {}

  [[nodiscard]] twinmap::protocol::handle& handle() const { return attached(); }

  const std::uint32_t key_size;    ///< of every key, 0 if they vary
  const std::uint32_t value_size;  ///< of every value, 0 if they vary
  const twinmap::options in_force;
  const twinmap::map_info about;  ///< the fields that never change
};

namespace twinmap::c {

/// A key or value of a C program. Never without an address, which memcpy wants even for no bytes.
inline bytes view_of(const void* data, std::size_t size) noexcept {
  static constexpr std::byte no_byte{};
  return {size == 0 ? &no_byte : static_cast<const std::byte*>(data), size};
}

/// TWINMAP_OK, or why this cannot be a key (a value) of the map.
inline twinmap_status check_key(const twinmap_map* map, const void* k, std::size_t kn) noexcept {
  if (map == nullptr) [[unlikely]]
    return refuse(TWINMAP_NOT_ATTACHED, "", "the map is NULL");
  if (k == nullptr && kn != 0) [[unlikely]]
    return refuse(TWINMAP_INVALID_ARGUMENT, map->about.name.c_str(), "the key is NULL");
  if (map->key_size != 0 && kn != map->key_size) [[unlikely]]
    return refuse(TWINMAP_TYPE_MISMATCH, map->about.name.c_str(),
                  "a key of %zu bytes, keys of this map have %u", kn, map->key_size);
  return TWINMAP_OK;
}
inline twinmap_status check_value(const twinmap_map* map, const void* v, std::size_t vn) noexcept {
  if (v == nullptr && vn != 0) [[unlikely]]
    return refuse(TWINMAP_INVALID_ARGUMENT, map->about.name.c_str(), "the value is NULL");
  if (map->value_size != 0 && vn != map->value_size) [[unlikely]]
    return refuse(TWINMAP_TYPE_MISMATCH, map->about.name.c_str(),
                  "a value of %zu bytes, values of this map have %u", vn, map->value_size);
  return TWINMAP_OK;
}
/// Where a value goes. Without `n` it is not wanted.
inline twinmap_status check_buffer(const twinmap_map* map, const void* buf,
                                   const std::size_t* n) noexcept {
  if (n != nullptr && buf == nullptr && *n != 0) [[unlikely]]
    return refuse(TWINMAP_INVALID_ARGUMENT, map->about.name.c_str(),
                  "the buffer is NULL, and its length is not 0");
  return TWINMAP_OK;
}
inline twinmap_status missing(const twinmap_map* map, const char* what) noexcept {
  if (map == nullptr) return refuse(TWINMAP_NOT_ATTACHED, "", "the map is NULL");
  return refuse(TWINMAP_INVALID_ARGUMENT, map->about.name.c_str(), "%s is NULL", what);
}
inline twinmap_status too_small(const twinmap_map& map, const char* what, std::size_t length,
                                std::size_t room) noexcept {
  return refuse(TWINMAP_BUFFER_TOO_SMALL, map.about.name.c_str(),
                "the %s has %zu bytes, the buffer %zu", what, length, room);
}

}  // namespace twinmap::c
