// Small drawings made of characters: sparklines and bars.
#pragma once

#include <cli/top/frame.hpp>

#include <cstdint>
#include <vector>

namespace twinmap::top {

/// The last `width` values as columns of up to `height` lines, top line first; the highest of them
/// fills its column. Something is never drawn as nothing. Fewer values stand at the right end.
std::vector<std::string> sparkline(const std::vector<double>& values, std::size_t width,
                                   std::size_t height, const glyphs& with);

/// A part of a bar.
struct share {
  std::uint64_t amount = 0;
  std::string_view unicode;
  std::string_view ascii;
  look how = look::plain;
};

/// A bar of exactly `width` columns: each share takes its part of `whole`, and at least one column
/// if it is not nothing and there is room; what is left is drawn as empty.
line bar(const std::vector<share>& shares, std::uint64_t whole, std::size_t width,
         const glyphs& with);

}  // namespace twinmap::top
