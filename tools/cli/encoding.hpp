// Bytes as text that survives a terminal, a pipe and JSON.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace twinmap::cli {

std::string to_hex(std::string_view bytes);
std::string to_base64(std::string_view bytes);

/// Empty optional: not that encoding. Hexadecimal of either case, with or without a leading 0x;
/// base64 with padding.
std::optional<std::string> from_hex(std::string_view text);
std::optional<std::string> from_base64(std::string_view text);

/// Length of the well-formed UTF-8 sequence that `bytes`, not empty, begin with; 0: there is none.
std::size_t utf8_sequence(std::string_view bytes);

/// Well-formed UTF-8 as of RFC 3629: no surrogates, no overlong forms.
bool is_utf8(std::string_view bytes);

/// Control characters as \n, \t or \xNN, so that a table keeps its lines.
std::string printable(std::string_view text);

}  // namespace twinmap::cli
