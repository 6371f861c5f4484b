// Values of a configuration as people write them, whether in TOML or in JSON: sizes, durations,
// permission bits, groups.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

namespace twinmapd {

/// A value as the file has it. monostate: a table, an array, a date.
using scalar = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

/// A value that is not acceptable. The text says what was expected and what was found.
class value_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The value for a message: `"50ms"`, `12`, `a table or an array`.
std::string show(const scalar& value);

std::string text_of(const scalar& value);
bool flag_of(const scalar& value);

/// A whole number from `least` to `most`.
std::uint64_t number_of(const scalar& value, std::uint64_t least, std::uint64_t most);

/// A number from 0 to 1.
double share_of(const scalar& value);

/// "256MiB", "1G", 4096: powers of 1024, from `least` to `most`.
std::uint64_t bytes_of(const scalar& value, std::uint64_t least, std::uint64_t most);

/// "50ms", "2s", "1min", from `least` to `most`.
std::chrono::nanoseconds duration_of(const scalar& value, std::chrono::nanoseconds least,
                                     std::chrono::nanoseconds most);

/// "0660": octal, at most 0777.
mode_t mode_of(const scalar& value);

/// By name, or by number; "" has no group of its own and is an error here.
gid_t group_of(const scalar& value);

/// 268435456 as "256 MiB"; what is no whole number of units as bytes.
std::string show_bytes(std::uint64_t bytes);
std::string show_duration(std::chrono::nanoseconds duration);

}  // namespace twinmapd
