#include <cli/top/frame.hpp>

#include <algorithm>

namespace twinmap::top {
namespace {

bool begins_character(char byte) {
  return (byte & 0xC0) != 0x80;
}

/// Bytes of the first `columns` code points.
std::size_t prefix(std::string_view text, std::size_t columns) {
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    if (!begins_character(text[end])) continue;
    if (columns == 0) return end;
    --columns;
  }
  return end;
}

}  // namespace

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string shortened(std::string_view text, std::size_t width, const glyphs& with) {
  if (width_of(text) <= width) return std::string(text);
  if (width == 0) return {};
  return std::string(text.substr(0, prefix(text, width - 1))) += with.ellipsis();
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  all.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i)
    all += text;
  return all;
}

line& line::add(std::string_view text, look how) {
  if (text.empty()) return *this;
  width_ += width_of(text);
  if (!spans_.empty() && spans_.back().how == how) {
    spans_.back().text += text;
  } else {
    spans_.push_back({std::string(text), how});
  }
  return *this;
}

line& line::add(const line& other) {
  for (const span& each : other.spans_)
    add(each.text, each.how);
  return *this;
}

line& line::right(std::string_view text, std::size_t width, look how) {
  const std::size_t own = width_of(text);
  if (own < width) add(std::string(width - own, ' '));
  return add(text, how);
}

line& line::left(std::string_view text, std::size_t width, look how) {
  const std::size_t own = width_of(text);
  add(text, how);
  if (own < width) add(std::string(width - own, ' '));
  return *this;
}

line& line::pad(std::size_t column, look how) {
  if (width_ < column) add(std::string(column - width_, ' '), how);
  return *this;
}

line& line::all(look how) {
  const std::string whole = text();
  spans_.clear();
  width_ = 0;
  return add(whole, how);
}

std::string line::text() const {
  std::string whole;
  for (const span& each : spans_)
    whole += each.text;
  return whole;
}

line line::cut(std::size_t width, const glyphs& with) const {
  if (width_ <= width) return *this;
  line result;
  for (const span& each : spans_) {
    const std::size_t left = width - result.width();
    const bool ends_here = width_of(each.text) >= left;
    if (!ends_here) {
      result.add(each.text, each.how);
      continue;
    }
    // More follows, or the whole would have fitted.
    result.add(shortened(each.text + " ", left, with), each.how);
    break;
  }
  return result;
}

frame fitted(frame lines, extent size, const glyphs& with) {
  lines.resize(size.rows);
  for (line& each : lines)
    each = each.cut(size.columns, with);
  return lines;
}

}  // namespace twinmap::top
