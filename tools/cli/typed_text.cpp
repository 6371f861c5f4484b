#include <fmt/format.h>
#include <cli/encoding.hpp>
#include <cli/exit_code.hpp>
#include <cli/typed_text.hpp>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>

namespace twinmap::cli {
namespace {

// Numbers lie in the map as the machine keeps them.
template <class Number>
std::string bytes_of(Number number) {
  std::string bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

template <class Number>
Number number_in(std::string_view bytes) {
  Number number{};
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

template <class Number>
std::optional<Number> whole_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Calls `f` with a zero of the type that has this many bytes.
template <class One, class Two, class Four, class Eight, class F>
auto with_size(std::size_t size, F f) {
  switch (size) {
    case 1:
      return f(One{});
    case 2:
      return f(Two{});
    case 4:
      return f(Four{});
    default:
      return f(Eight{});
  }
}

template <class F>
auto with_unsigned(std::size_t size, F f) {
  return with_size<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>(size, f);
}

template <class F>
auto with_signed(std::size_t size, F f) {
  return with_size<std::int8_t, std::int16_t, std::int32_t, std::int64_t>(size, f);
}

template <class F>
auto with_floating(std::size_t size, F f) {
  return size == 4 ? f(float{}) : f(double{});
}

}  // namespace

named_type::named_type(std::string name) : name_(std::move(name)) {
  static const std::map<std::string, std::pair<kind, std::size_t>, std::less<>> known{
      {"u8", {kind::unsigned_integer, 1}},  {"u16", {kind::unsigned_integer, 2}},
      {"u32", {kind::unsigned_integer, 4}}, {"u64", {kind::unsigned_integer, 8}},
      {"i8", {kind::signed_integer, 1}},    {"i16", {kind::signed_integer, 2}},
      {"i32", {kind::signed_integer, 4}},   {"i64", {kind::signed_integer, 8}},
      {"f32", {kind::floating, 4}},         {"f64", {kind::floating, 8}},
      {"bool", {kind::boolean, 1}},
  };
  if (const auto found = known.find(name_); found != known.end()) {
    kind_ = found->second.first;
    size_ = found->second.second;
  } else if (name_.starts_with("struct:")) {
    kind_ = kind::structure;
    const std::string_view digits = std::string_view(name_).substr(name_.rfind(':') + 1);
    size_ = whole_number<std::size_t>(digits).value_or(0);
  }
}

bool named_type::numeric() const {
  return kind_ == kind::unsigned_integer || kind_ == kind::signed_integer ||
         kind_ == kind::floating;
}

text_form named_type::effective(text_form form) const {
  if (form != text_form::by_type) return form;
  return kind_ == kind::structure ? text_form::hex : text_form::text;
}

void named_type::reject(std::string_view text) const {
  constexpr std::size_t shown_at_most = 100;
  const bool all = text.size() <= shown_at_most;
  throw usage_error(fmt::format("'{}{}' is no value of type {}",
                                printable(text.substr(0, shown_at_most)), all ? "" : "...", name_));
}

std::string named_type::parse_number(std::string_view text) const {
  std::optional<std::string> bytes;
  const auto read = [&](auto zero) {
    if (const auto number = whole_number<decltype(zero)>(text)) bytes = bytes_of(*number);
  };
  if (kind_ == kind::boolean) {
    if (text == "true" || text == "1") return bytes_of(true);
    if (text == "false" || text == "0") return bytes_of(false);
  } else if (kind_ == kind::unsigned_integer) {
    with_unsigned(size_, read);
  } else if (kind_ == kind::signed_integer) {
    with_signed(size_, read);
  } else {
    with_floating(size_, read);
  }
  if (!bytes) reject(text);
  return *bytes;
}

std::string named_type::parse(std::string_view text, text_form form) const {
  form = effective(form);
  std::optional<std::string> bytes;
  if (form == text_form::hex) {
    bytes = from_hex(text);
  } else if (form == text_form::b64) {
    bytes = from_base64(text);
  } else if (numeric() || kind_ == kind::boolean) {
    bytes = parse_number(text);
  } else {
    bytes = std::string(text);
  }
  if (!bytes) reject(text);
  if (size_ != 0 && bytes->size() != size_) {
    throw usage_error(
        fmt::format("type {} takes {} bytes, {} were given", name_, size_, bytes->size()));
  }
  return *bytes;
}

std::string named_type::show_number(std::string_view bytes) const {
  const auto write = [&](auto zero) { return fmt::format("{}", number_in<decltype(zero)>(bytes)); };
  if (kind_ == kind::boolean) return bytes[0] != '\0' ? "true" : "false";
  if (kind_ == kind::unsigned_integer) return with_unsigned(size_, write);
  if (kind_ == kind::signed_integer) return with_signed(size_, write);
  return with_floating(size_, write);
}

std::string named_type::show(std::string_view bytes, text_form form) const {
  form = effective(form);
  const bool misfit = size_ != 0 && bytes.size() != size_;  // only a damaged map has such
  if (form == text_form::hex || misfit) return to_hex(bytes);
  if (form == text_form::b64) return to_base64(bytes);
  if (numeric() || kind_ == kind::boolean) return show_number(bytes);
  return std::string(bytes);
}

// Null if JSON has no form of it that reads back as the same bytes.
json named_type::number_as_json(std::string_view bytes) const {
  const std::string shown = show_number(bytes);
  if (parse_number(shown) != bytes) return nullptr;
  if (kind_ == kind::boolean) return bytes[0] != '\0';
  if (shown.find_first_of("nN") != std::string::npos) return shown;  // NaN and infinity stay text
  if (kind_ == kind::floating && shown == "-0") return -0.0;         // "-0" is an integer in JSON
  return json::parse(shown);
}

json named_type::to_json(std::string_view bytes, text_form form) const {
  form = effective(form);
  json shown;
  const bool misfit = size_ != 0 && bytes.size() != size_;
  if (!misfit && form != text_form::text) return show(bytes, form);
  if (!misfit && (numeric() || kind_ == kind::boolean)) {
    shown = number_as_json(bytes);
  } else if (!misfit && is_utf8(bytes)) {
    shown = bytes;
  }
  return shown.is_null() ? json{{"b64", to_base64(bytes)}} : shown;
}

json named_type::to_record(std::string_view bytes, text_form form) const {
  if (kind_ == kind::structure && form == text_form::by_type) return {{"b64", to_base64(bytes)}};
  return to_json(bytes, form);
}

std::string named_type::from_json(const json& shown, text_form form) const {
  std::optional<std::string> text;
  if (shown.is_object() && shown.size() == 1 && shown.contains("b64") && shown["b64"].is_string()) {
    text = shown["b64"].get<std::string>();
    form = text_form::b64;
  } else if (shown.is_string()) {
    text = shown.get<std::string>();
  } else if (shown.is_number() || shown.is_boolean()) {
    const bool counts = numeric() || kind_ == kind::boolean;
    if (counts && effective(form) == text_form::text) text = shown.dump();
  }
  if (!text) reject(shown.dump(-1, ' ', false, json::error_handler_t::replace));
  return parse(*text, form);
}

std::string named_type::add(std::string_view bytes, std::string_view delta) const {
  const std::string before = bytes.empty() ? std::string(size_, '\0') : std::string(bytes);
  if (kind_ == kind::floating) {
    const std::string change = parse_number(delta);
    return with_floating(size_, [&](auto zero) {
      return bytes_of(number_in<decltype(zero)>(before) + number_in<decltype(zero)>(change));
    });
  }
  // Two's complement: adding as unsigned wraps, whatever the signs. An unsigned counter may be
  // decremented, so the delta of either kind is read as signed first.
  std::optional<std::uint64_t> change = whole_number<std::uint64_t>(delta);
  if (const auto negative = whole_number<std::int64_t>(delta))
    change = static_cast<std::uint64_t>(*negative);
  if (!change) reject(delta);
  return with_unsigned(size_, [&](auto zero) {
    using number = decltype(zero);
    return bytes_of(static_cast<number>(number_in<number>(before) + static_cast<number>(*change)));
  });
}

}  // namespace twinmap::cli
