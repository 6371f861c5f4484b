#include <cli/top/numbers.hpp>

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string_view>

namespace twinmap::top {
namespace {

/// Three digits or two with a point between, and the unit.
std::string scaled(double value, double step, std::string_view units) {
  std::size_t unit = 0;
  for (value /= step; value >= 999.5 && unit + 1 < units.size(); value /= step)
    ++unit;
  return value < 9.95 ? fmt::format("{:.1f}{}", value, units[unit])
                      : fmt::format("{:.0f}{}", value, units[unit]);
}

}  // namespace

std::string short_number(double value) {
  if (!(value > 0)) return "0";
  if (value >= 999.5) return scaled(value, 1000, "kMGTPE");
  if (value < 0.095) return "<0.1";
  const bool whole = std::abs(value - std::round(value)) < 0.05;
  if (value >= 9.95 || whole) return fmt::format("{:.0f}", value);
  return fmt::format("{:.1f}", value);
}

std::string short_bytes(std::uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{}B", bytes);
  return scaled(static_cast<double>(bytes), 1024, "KMGTPE");
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;)
    digits.insert(at -= 3, ",");
  return digits;
}

std::string long_rate(double per_second) {
  if (per_second < 9.95) return short_number(per_second);
  if (per_second < 1e8) return grouped(static_cast<std::uint64_t>(std::llround(per_second)));
  return fmt::format("{:.1f}M", per_second / 1e6);
}

std::string percentage(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "-";
  const double share = 100 * static_cast<double>(part) / static_cast<double>(whole);
  if (part != 0 && share < 1) return "<1 %";
  if (part < whole && share > 99) return ">99 %";
  return fmt::format("{:.0f} %", share);
}

std::string duration(std::uint64_t nanoseconds) {
  const double seconds = static_cast<double>(nanoseconds) / 1e9;
  if (seconds < 1) return fmt::format("{:.0f} ms", seconds * 1e3);
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  struct unit {
    double length;
    std::string_view name;
  };
  constexpr std::array<unit, 3> units{{{86400, "d"}, {3600, "h"}, {60, "min"}}};
  for (const unit& each : units) {
    if (seconds >= each.length)
      return fmt::format("{:.0f} {}", std::floor(seconds / each.length), each.name);
  }
  return {};
}

}  // namespace twinmap::top
