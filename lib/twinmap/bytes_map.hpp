#pragma once

// A map whatever its types: keys and values as the bytes that are stored.

#include <twinmap/map.hpp>

namespace twinmap {

/// Written names of a key and a value type; see codec.hpp.
struct type_names {
  std::string key = "bytes";
  std::string value = "bytes";
};

/// The operations of `map<std::string, std::string>` on any map: `std::string_view` in,
/// `std::string` out, and the bytes are those that the map's own types have. Attaching asks for no
/// types; `info()` tells them. A map that it makes is of `bytes` and `bytes`, or of the types
/// named.
/// Failure beyond that of `map`: `type_mismatch` for a key or value that has not the fixed size of
/// the map's type.
class bytes_map : public basic_map<std::string, std::string> {
 public:
  bytes_map() noexcept = default;

  template <detail::attach_tag Tag>
  bytes_map(Tag tag, const std::string& name, const twinmap::options& wanted = {})
      : basic_map(attach_any(detail::mode_of(tag), name, wanted)) {}
  template <detail::attach_tag Tag>
  bytes_map(Tag tag, const std::string& name, const twinmap::options& wanted,
            std::error_code& code) {
    detail::with_code(code, [&] { *this = bytes_map(tag, name, wanted); });
  }
  template <detail::attach_tag Tag>
  bytes_map(Tag tag, const std::string& name, std::error_code& code)
      : bytes_map(tag, name, {}, code) {}

  /// With types by name: what is made has them, what exists must have them. The names are given as
  /// `type_names{…}` in full, so that a bare `{}` always means options.
  /// Failure: `std::invalid_argument` for a name that cannot be written, or a key type of floating
  /// point.
  template <detail::attach_tag Tag, std::same_as<type_names> Types>
  bytes_map(Tag tag, const std::string& name, const Types& types,
            const twinmap::options& wanted = {})
      : basic_map(attach_typed(detail::mode_of(tag), name, types, wanted)) {}
  template <detail::attach_tag Tag, std::same_as<type_names> Types>
  bytes_map(Tag tag, const std::string& name, const Types& types, const twinmap::options& wanted,
            std::error_code& code) {
    detail::with_code(code, [&] { *this = bytes_map(tag, name, types, wanted); });
  }

 private:
  using handle_pointer = std::unique_ptr<protocol::handle>;
  TWINMAP_EXPORT static handle_pointer attach_any(protocol::attach_mode mode,
                                                  const std::string& name,
                                                  const twinmap::options& wanted,
                                                  std::uint64_t layout = detail::header_layout);
  TWINMAP_EXPORT static handle_pointer attach_typed(protocol::attach_mode mode,
                                                    const std::string& name,
                                                    const type_names& types,
                                                    const twinmap::options& wanted,
                                                    std::uint64_t layout = detail::header_layout);
};

}  // namespace twinmap
