#include <fmt/format.h>
#include <cli/exit_code.hpp>
#include <cli/sizes.hpp>

#include <charconv>
#include <limits>

namespace twinmap::cli {
namespace {

constexpr std::string_view units = "KMGTPE";

}  // namespace

std::uint64_t parse_bytes(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view suffix(end, static_cast<std::size_t>(text.data() + text.size() - end));
  while (suffix.starts_with(' '))
    suffix.remove_prefix(1);
  unsigned shift = 0;
  if (!suffix.empty() && units.find(suffix.front()) != std::string_view::npos) {
    shift = 10 * static_cast<unsigned>(units.find(suffix.front()) + 1);
    suffix.remove_prefix(1);
    if (suffix == "iB" || suffix == "B") suffix = {};
  }
  const bool fits = number <= std::numeric_limits<std::uint64_t>::max() >> shift;
  if (error != std::errc{} || !suffix.empty() || !fits) {
    throw usage_error(fmt::format("'{}' is no number of bytes (such as 4096, 64K, 1G)", text));
  }
  return number << shift;
}

std::string show_bytes(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double scaled = static_cast<double>(bytes);
  std::size_t unit = 0;
  scaled /= 1024;
  while (scaled >= 1024) {
    scaled /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}iB", scaled, units[unit]);
}

}  // namespace twinmap::cli
