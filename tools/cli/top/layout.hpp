// From what was seen and what was chosen to lines of text: pure functions, without a terminal.
#pragma once

#include <cli/top/frame.hpp>
#include <cli/top/model.hpp>
#include <cli/top/view.hpp>

namespace twinmap::top {

inline constexpr extent smallest{40, 8};  ///< below that there is only a line that says so

/// How many rows of the list a screen of that size shows.
std::size_t list_rows(extent size);

/// The whole screen: the list, a map's page, or the help.
frame draw(const model& seen, const view& chosen, extent size, const glyphs& with);

// The parts.

frame draw_list(const model& seen, const view& chosen, extent size, const glyphs& with);
frame draw_page(const model& seen, const view& chosen, extent size, const glyphs& with);
frame draw_help(extent size, const glyphs& with);

/// The bar at the top: what is seen at the left, whether paused and the time at the right.
line title_bar(const model& seen, const view& chosen, std::string_view left, std::size_t width,
               const glyphs& with);

/// "q quit  p pause": pairs of a key and what it does, as many as fit.
struct key_hint {
  std::string_view key;
  std::string_view does;
};
line hint_line(const std::vector<key_hint>& hints, std::size_t width, const glyphs& with);

}  // namespace twinmap::top
