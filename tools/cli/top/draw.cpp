#include <cli/top/draw.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace twinmap::top {
namespace {

constexpr std::size_t steps = 8;
constexpr std::array<std::string_view, steps + 1> blocks{" ", "▁", "▂", "▃", "▄",
                                                         "▅", "▆", "▇", "█"};
constexpr std::array<std::string_view, steps + 1> letters{" ", "_", ".", ":", "-",
                                                          "=", "+", "*", "#"};

}  // namespace

std::vector<std::string> sparkline(const std::vector<double>& values, std::size_t width,
                                   std::size_t height, const glyphs& with) {
  const auto& parts = with.unicode ? blocks : letters;
  const std::size_t shown = std::min(values.size(), width);
  const auto first = values.end() - static_cast<std::ptrdiff_t>(shown);
  const double highest = shown == 0 ? 0 : *std::max_element(first, values.end());
  std::vector<std::string> lines(height, std::string(width - shown, ' '));
  for (auto value = first; value != values.end(); ++value) {
    const double full = static_cast<double>(steps * height);
    std::size_t level =
        highest > 0 ? static_cast<std::size_t>(std::lround(*value / highest * full)) : 0;
    if (*value > 0) level = std::max<std::size_t>(level, 1);
    for (std::size_t row = 0; row < height; ++row) {
      const std::size_t below = (height - 1 - row) * steps;
      lines[row] += parts.at(level <= below ? 0 : std::min(level - below, steps));
    }
  }
  return lines;
}

line bar(const std::vector<share>& shares, std::uint64_t whole, std::size_t width,
         const glyphs& with) {
  line drawn;
  std::uint64_t so_far = 0;
  auto still_to_come = static_cast<std::size_t>(std::count_if(
      shares.begin(), shares.end(), [](const share& each) { return each.amount != 0; }));
  for (const share& each : shares) {
    if (each.amount == 0 || whole == 0) continue;
    --still_to_come;
    so_far += each.amount;
    // Where the share ends, so that rounding does not add up.
    const double end = static_cast<double>(std::min(so_far, whole)) / static_cast<double>(whole);
    const auto column = static_cast<std::size_t>(std::lround(end * static_cast<double>(width)));
    const std::size_t first = drawn.width();
    const std::size_t last = width > still_to_come ? width - still_to_come : 0;
    const std::size_t stop = std::min(std::max(column, first + 1), std::max(last, first));
    drawn.add(repeated(with.unicode ? each.unicode : each.ascii, stop - first), each.how);
  }
  const std::size_t room = width - drawn.width();
  return drawn.add(repeated(with.unicode ? "░" : ".", room), look::faint);
}

}  // namespace twinmap::top
