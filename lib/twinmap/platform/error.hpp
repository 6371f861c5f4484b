#pragma once

#include <twinmap/platform/export.hpp>

#include <string>
#include <string_view>
#include <system_error>

namespace twinmap {

/// Every way in which an operation of this library declines. Failures of the system that have no
/// name here are reported with `std::system_category` and the `errno` value.
enum class errc {
  not_found = 1,         ///< no map of that name
  already_exists,        ///< `create_only`, and the name is taken
  type_mismatch,         ///< the map was made for another key or value type
  incompatible_layout,   ///< another format version, or a feature that this library does not know
  corrupted,             ///< what the file holds contradicts itself
  permission_denied,     ///< file mode, owner or kind of file forbid it
  no_space,              ///< `max_bytes` reached or the file system is full
  too_many_entries,      ///< `max_entries` slots are in use, also after a purge
  too_many_writers,      ///< `max_writers` leases are held by living threads
  lock_timeout,          ///< the mutex was not free within `lock_timeout`
  read_only,             ///< a mutator on a read-only handle
  invalid_name,          ///< see the rule for names in map.hpp
  key_too_long,          ///< over 65,535 bytes
  value_too_long,        ///< over what a run of chunks in this map can hold
  retired,               ///< the name was removed, and the handle was told to stop then
  not_attached,          ///< the handle is detached
  unsupported_platform,  ///< the machine lacks something that is relied upon
};

TWINMAP_EXPORT const std::error_category& error_category() noexcept;

inline std::error_code make_error_code(errc code) noexcept {
  return {static_cast<int>(code), error_category()};
}

/// The enumerator's own name, as it stands in messages and in JSON.
TWINMAP_EXPORT std::string_view name_of(errc code) noexcept;

/// What it means, in a few words of static storage; also for a number that is none.
TWINMAP_EXPORT const char* meaning_of(errc code) noexcept;

/// What constructors and mutators throw. `what()` names the map, the limit and the number that met
/// it.
class TWINMAP_EXPORT error : public std::system_error {
 public:
  error(std::error_code code, const std::string& text);
  ~error() override;

  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

/// Throws `error` with a text of the form "twinmap 'NAME': CODE: DETAIL".
[[noreturn]] TWINMAP_EXPORT void raise(errc code, const std::string& map,
                                       const std::string& detail);

/// The code for a failed system call: permission_denied, no_space or not_found where that is what
/// `errno_value` means, else a code of `std::system_category`.
TWINMAP_EXPORT std::error_code code_of(int errno_value) noexcept;

/// The same as `raise` for a failed system call, with `code_of(errno_value)`; the text ends with
/// the system's reason.
[[noreturn]] TWINMAP_EXPORT void raise_system(int errno_value, const std::string& map,
                                              const std::string& detail);

}  // namespace twinmap

template <>
struct std::is_error_code_enum<twinmap::errc> : std::true_type {};
