#pragma once

// How keys and values become bytes, and the names under which a map records their types.
//
//   u8 u16 u32 u64 i8 i16 i32 i64   integers, and enums by their underlying type
//   f32 f64                         float and double; values only
//   bool
//   string                          std::string
//   bytes                           std::vector<std::byte>
//   struct:NAME:SIZE                any other trivially copyable type, NAME by its type_name
//   anything else                   the name in a user's codec
//
// LIMITATIONS: bytes are stored as they are in memory, so a map is shared between programs of one
// byte order. A type that holds a pointer means nothing to another process; the compiler cannot see
// that, only you can.

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace twinmap {

/// The name of a trivially copyable type, for the record in the segment: specialise it with a
/// `value` that changes whenever the layout does, so that two programs that disagree are told so.
/// `template <> struct twinmap::type_name<quote> { static constexpr std::string_view value =
/// "quote/1"; };`
template <class T>
struct type_name;

/// Longest written type name, in bytes.
inline constexpr std::size_t max_type_name = 120;

namespace detail {

template <class T>
inline constexpr bool is_number = (std::is_integral_v<T> || std::is_enum_v<T> ||
                                   std::is_same_v<T, float> ||
                                   std::is_same_v<T, double>)&&sizeof(T) <= 8;

template <class T>
inline constexpr bool is_plain_struct = std::is_trivially_copyable_v<T> &&
                                        (std::is_class_v<T> ||
                                         std::is_union_v<T>)&&!std::is_empty_v<T>;

template <class T>
concept has_type_name = requires {
  { type_name<T>::value } -> std::convertible_to<std::string_view>;
};

template <class T>
constexpr std::string_view number_name() noexcept {
  if constexpr (std::is_enum_v<T>) {
    return number_name<std::underlying_type_t<T>>();
  } else if constexpr (std::is_same_v<T, bool>) {
    return "bool";
  } else if constexpr (std::is_floating_point_v<T>) {
    return sizeof(T) == 4 ? "f32" : "f64";
  } else {
    constexpr std::array<std::string_view, 4> of_unsigned{"u8", "u16", "u32", "u64"};
    constexpr std::array<std::string_view, 4> of_signed{"i8", "i16", "i32", "i64"};
    constexpr std::size_t which = std::bit_width(sizeof(T)) - 1;
    return std::is_signed_v<T> ? of_signed[which] : of_unsigned[which];
  }
}

/// The codec of a type whose object representation is what is stored.
template <class T>
struct plain_codec {
  static constexpr std::size_t fixed_size = sizeof(T);
  static constexpr std::size_t size(const T&) noexcept { return sizeof(T); }
  static void encode(const T& from, std::span<std::byte> to) noexcept {
    std::memcpy(to.data(), &from, sizeof(T));
  }
  static T decode(std::span<const std::byte> from) noexcept {
    std::array<std::byte, sizeof(T)> raw;
    std::memcpy(raw.data(), from.data(), sizeof(T));
    // A byte other than 0 and 1 is no bool; what came from shared memory may be anything (P6).
    if constexpr (std::is_same_v<T, bool>)
      return raw[0] != std::byte{0};
    else
      return std::bit_cast<T>(raw);
  }
};

/// The codec of a container of bytes.
template <class T>
struct text_codec {
  static std::size_t size(const T& from) noexcept { return from.size(); }
  static void encode(const T& from, std::span<std::byte> to) noexcept {
    if (!from.empty()) std::memcpy(to.data(), from.data(), from.size());
  }
  static T decode(std::span<const std::byte> from) {
    const auto* first = reinterpret_cast<const typename T::value_type*>(from.data());
    return T(first, first + from.size());
  }
};

template <class T>
inline constexpr bool never = false;

}  // namespace detail

/// How a T becomes bytes. Specialise it for a type of your own with
///     static constexpr std::string_view name;                   written into the segment, compared
///     at attach static size_t size(const T&);                             bytes that encode will
///     write static void encode(const T&, std::span<std::byte>);       fills a span of exactly that
///     size static T decode(std::span<const std::byte>);              may throw; what it throws
///     leaves the lookup
/// Two keys are the same key if their bytes are equal. The primary template is where unsupported
/// types end.
template <class T>
struct codec {
  static_assert(!std::is_pointer_v<T> && !std::is_member_pointer_v<T> && !std::is_null_pointer_v<T>,
                "twinmap: a pointer means nothing to another process; store what it points to");
  static_assert(!std::is_same_v<T, std::string_view>,
                "twinmap: std::string_view owns nothing; use std::string (lookups take a "
                "string_view all the same)");
  static_assert(!detail::is_plain_struct<T>,
                "twinmap: a trivially copyable type needs a name, so that a changed layout is "
                "seen: specialise "
                "twinmap::type_name<T> with `static constexpr std::string_view value`");
  static_assert(
      detail::never<T>,
      "twinmap: this type has no codec: it is no integer, enum, float, double, std::string or "
      "std::vector<std::byte> and is not trivially copyable; specialise twinmap::codec<T>");
};

template <class T>
requires detail::is_number<T>
struct codec<T> : detail::plain_codec<T> {
  static constexpr std::string_view name = detail::number_name<T>();
};

template <class T>
requires(detail::is_plain_struct<T>&& detail::has_type_name<T>) struct codec<T>
    : detail::plain_codec<T> {
  static constexpr std::string_view name = type_name<T>::value;
  static_assert(!name.empty() && name.size() <= 96 && name.find(':') == std::string_view::npos,
                "twinmap: a type_name has 1 to 96 bytes and no colon");
};

template <>
struct codec<std::string> : detail::text_codec<std::string> {
  static constexpr std::string_view name = "string";
};

template <>
struct codec<std::vector<std::byte>> : detail::text_codec<std::vector<std::byte>> {
  static constexpr std::string_view name = "bytes";
};

namespace detail {

/// Plain: the bytes are the object's own, and always sizeof(T). Text: a contiguous container of
/// bytes. The rest is coded.
template <class T>
inline constexpr bool is_plain = std::is_base_of_v<plain_codec<T>, codec<T>>;
template <class T>
inline constexpr bool is_text = std::is_base_of_v<text_codec<T>, codec<T>>;

/// The size of every T in bytes, 0 if they vary.
template <class T>
constexpr std::uint32_t fixed_size() noexcept {
  if constexpr (is_plain<T>)
    return static_cast<std::uint32_t>(sizeof(T));
  else
    return 0;
}

/// The written name of T: what the segment records and `errc::type_mismatch` shows.
template <class T>
std::string written_name() {
  constexpr std::string_view name = codec<T>::name;
  static_assert(!name.empty() && name.size() <= max_type_name,
                "twinmap: a codec's name has 1 to 120 bytes");
  if constexpr (is_plain<T> && !is_number<T>)
    return "struct:" + std::string(name) + ":" + std::to_string(sizeof(T));
  else
    return std::string(name);
}

/// Instantiates the codec of a value type, which refuses what cannot be stored.
template <class T>
constexpr bool usable_as_value() {
  static_assert(std::is_same_v<T, std::remove_cvref_t<T>>,
                "twinmap: key and value types have no const, volatile or reference");
  return sizeof(codec<T>) != 0;
}

/// Whether equal keys of this type have equal bytes. A user's codec answers for its own bytes.
template <class T>
constexpr bool usable_as_key() {
  static_assert(!std::is_floating_point_v<T>,
                "twinmap: a floating-point key is refused: equal numbers may differ in their bytes "
                "(0.0 and -0.0)");
  if constexpr (is_plain<T> && !std::is_floating_point_v<T>)
    static_assert(std::has_unique_object_representations_v<T>,
                  "twinmap: this key type has padding or floating-point members, so equal keys may "
                  "differ in their "
                  "bytes; close the gaps with members, or write a twinmap::codec");
  return usable_as_value<T>();
}

/// Whether compare_exchange and compare_erase may compare the bytes of a T. Arithmetic types may:
/// ±0 differ, a NaN equals itself.
template <class T>
inline constexpr bool comparable_bytes =
    !is_plain<T> || std::is_arithmetic_v<T> || std::has_unique_object_representations_v<T>;

}  // namespace detail
}  // namespace twinmap
