#include <twinmapd/values.hpp>

#include <fmt/format.h>
#include <grp.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

namespace twinmapd {
namespace {

using std::chrono::nanoseconds;

constexpr std::string_view size_units = "KMGT";

struct time_unit {
  std::string_view name;
  nanoseconds length;
};
constexpr std::array<time_unit, 6> time_units{{{"ns", nanoseconds(1)},
                                               {"us", std::chrono::microseconds(1)},
                                               {"ms", std::chrono::milliseconds(1)},
                                               {"s", std::chrono::seconds(1)},
                                               {"min", std::chrono::minutes(1)},
                                               {"h", std::chrono::hours(1)}}};

[[noreturn]] void refuse(std::string_view expected, const scalar& found) {
  throw value_error(fmt::format("{} is expected, this is {}", expected, show(found)));
}

/// The number that a text begins with, and what follows it.
struct number_and_unit {
  std::uint64_t number;
  std::string_view unit;
};

std::optional<number_and_unit> split(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  while (text.starts_with(' '))
    text.remove_prefix(1);
  return number_and_unit{number, text};
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  const std::optional<number_and_unit> parts = split(text);
  if (!parts) return std::nullopt;
  std::string_view unit = parts->unit;
  unsigned shift = 0;
  if (!unit.empty() && size_units.find(unit.front()) != std::string_view::npos) {
    shift = 10 * static_cast<unsigned>(size_units.find(unit.front()) + 1);
    unit.remove_prefix(1);
    if (unit == "iB") unit = {};
  }
  const bool fits = parts->number <= std::numeric_limits<std::uint64_t>::max() >> shift;
  if (!fits || !(unit.empty() || unit == "B")) return std::nullopt;
  return parts->number << shift;
}

std::optional<nanoseconds> parse_duration(std::string_view text) {
  const std::optional<number_and_unit> parts = split(text);
  if (!parts) return std::nullopt;
  for (const time_unit& unit : time_units) {
    if (unit.name != parts->unit) continue;
    const auto most = static_cast<std::uint64_t>(nanoseconds::max() / unit.length);
    if (parts->number > most) return std::nullopt;
    return unit.length * static_cast<nanoseconds::rep>(parts->number);
  }
  return std::nullopt;
}

}  // namespace

std::string show(const scalar& value) {
  struct shown {
    std::string operator()(std::monostate) const { return "a table, an array or a date"; }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(double number) const { return fmt::format("{}", number); }
    std::string operator()(const std::string& text) const { return '"' + text + '"'; }
  };
  return std::visit(shown{}, value);
}

std::string text_of(const scalar& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) refuse("a text in quotes", value);
  return *text;
}

bool flag_of(const scalar& value) {
  const auto* flag = std::get_if<bool>(&value);
  if (flag == nullptr) refuse("true or false", value);
  return *flag;
}

std::uint64_t number_of(const scalar& value, std::uint64_t least, std::uint64_t most) {
  const auto* number = std::get_if<std::int64_t>(&value);
  if (number == nullptr || *number < 0 || static_cast<std::uint64_t>(*number) < least ||
      static_cast<std::uint64_t>(*number) > most)
    refuse(fmt::format("a whole number from {} to {}", least, most), value);
  return static_cast<std::uint64_t>(*number);
}

double share_of(const scalar& value) {
  double share = -1;
  if (const auto* number = std::get_if<double>(&value)) share = *number;
  if (const auto* number = std::get_if<std::int64_t>(&value)) share = static_cast<double>(*number);
  if (!(share >= 0 && share <= 1)) refuse("a number from 0 to 1", value);
  return share;
}

std::uint64_t bytes_of(const scalar& value, std::uint64_t least, std::uint64_t most) {
  std::optional<std::uint64_t> bytes;
  if (const auto* text = std::get_if<std::string>(&value)) bytes = parse_bytes(*text);
  if (const auto* number = std::get_if<std::int64_t>(&value); number != nullptr && *number >= 0)
    bytes = static_cast<std::uint64_t>(*number);
  if (!bytes) refuse("a number of bytes such as \"256MiB\", \"1G\" or 4096", value);
  if (*bytes < least || *bytes > most)
    refuse(fmt::format("{} to {}", show_bytes(least), show_bytes(most)), value);
  return *bytes;
}

nanoseconds duration_of(const scalar& value, nanoseconds least, nanoseconds most) {
  std::optional<nanoseconds> duration;
  if (const auto* text = std::get_if<std::string>(&value)) duration = parse_duration(*text);
  if (!duration) refuse("a duration such as \"50ms\", \"2s\" or \"1min\"", value);
  if (*duration < least || *duration > most)
    refuse(fmt::format("{} to {}", show_duration(least), show_duration(most)), value);
  return *duration;
}

mode_t mode_of(const scalar& value) {
  const auto* text = std::get_if<std::string>(&value);
  mode_t mode = 01000;
  if (text != nullptr) {
    const char* end = text->data() + text->size();
    const auto [stop, failure] = std::from_chars(text->data(), end, mode, 8);
    if (failure != std::errc() || stop != end) mode = 01000;
  }
  if (mode > 0777) refuse("permission bits in octal and in quotes, such as \"0660\",", value);
  return mode;
}

gid_t group_of(const scalar& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    if (*number < 0 || *number >= std::numeric_limits<gid_t>::max())
      refuse("a group by name or number", value);
    return static_cast<gid_t>(*number);
  }
  const std::string name = text_of(value);
  std::vector<char> memory(1 << 16);
  group entry{};
  group* found = nullptr;
  if (::getgrnam_r(name.c_str(), &entry, memory.data(), memory.size(), &found) == 0 &&
      found != nullptr)
    return found->gr_gid;
  gid_t number = 0;
  const char* end = name.data() + name.size();
  const auto [stop, failure] = std::from_chars(name.data(), end, number);
  if (name.empty() || failure != std::errc() || stop != end)
    throw value_error(fmt::format("there is no group {}", show(value)));
  return number;
}

std::string show_bytes(std::uint64_t bytes) {
  std::size_t unit = 0;
  std::uint64_t number = bytes;
  while (number != 0 && number % 1024 == 0 && unit < size_units.size()) {
    number /= 1024;
    ++unit;
  }
  if (unit == 0) return fmt::format("{} bytes", number);
  return fmt::format("{} {}iB", number, size_units[unit - 1]);
}

std::string show_duration(nanoseconds duration) {
  const time_unit* best = time_units.data();
  for (const time_unit& unit : time_units)
    if (duration.count() != 0 && duration % unit.length == nanoseconds::zero()) best = &unit;
  return fmt::format("{}{}", duration / best->length, best->name);
}

}  // namespace twinmapd
