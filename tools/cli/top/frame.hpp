// A screen as lines of text with attributes, before any terminal has seen it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace twinmap::top {

enum class look : std::uint8_t {
  plain,
  strong,
  faint,
  title,     ///< the bar at the top
  heading,   ///< of a column
  sorted,    ///< of the column that decides the order
  selected,  ///< the row of the cursor
  key,       ///< what can be pressed
  good,
  warning,
  bad,
  shared,  ///< of a drawing: what both maps hold
  alone,   ///< what only dirty holds
  count
};

struct span {
  std::string text;
  look how = look::plain;
};

/// What a terminal can show: blocks and lines, or only ASCII.
struct glyphs {
  bool unicode = true;

  std::string_view ellipsis() const { return unicode ? "…" : "~"; }
  std::string_view arrow() const { return unicode ? "→" : "->"; }
};

/// Code points: what is shown here takes one column each.
std::size_t width_of(std::string_view text);

/// At most `width` columns of it, with an ellipsis if something is missing.
std::string shortened(std::string_view text, std::size_t width, const glyphs& with);

/// `text` so many times.
std::string repeated(std::string_view text, std::size_t times);

class line {
 public:
  line() = default;
  explicit line(std::string_view text, look how = look::plain) { add(text, how); }

  line& add(std::string_view text, look how = look::plain);
  line& add(const line& other);
  /// Aligned at its last character in a column so wide. Too long a text takes its own width.
  line& right(std::string_view text, std::size_t width, look how = look::plain);
  line& left(std::string_view text, std::size_t width, look how = look::plain);
  /// Blanks up to that column.
  line& pad(std::size_t column, look how = look::plain);
  /// Every span looks like this from now on.
  line& all(look how);

  std::size_t width() const { return width_; }
  const std::vector<span>& spans() const { return spans_; }
  std::string text() const;
  /// Its first columns.
  line cut(std::size_t width, const glyphs& with) const;

 private:
  std::vector<span> spans_;
  std::size_t width_ = 0;
};

struct extent {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

/// Exactly as many lines as the screen has, none of them wider.
using frame = std::vector<line>;

/// Drops what does not fit and adds empty lines.
frame fitted(frame lines, extent size, const glyphs& with);

}  // namespace twinmap::top
