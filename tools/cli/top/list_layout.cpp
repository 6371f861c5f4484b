// The list: a row a map.
#include <fmt/format.h>
#include <cli/sizes.hpp>
#include <cli/top/draw.hpp>
#include <cli/top/layout.hpp>
#include <cli/top/numbers.hpp>

#include <algorithm>
#include <array>

namespace twinmap::top {
namespace {

struct column {
  order what;
  std::string_view group;
  std::string_view narrow;
  std::size_t narrow_width;  ///< with the blank before it
  std::string_view wide;
  std::size_t wide_width;
  int importance;  ///< those of the lowest are left out first
};

constexpr std::string_view rate_group = "per second";
constexpr std::string_view entry_group = "entries";
constexpr std::string_view memory_group = "memory";

constexpr std::array<column, 13> all_columns{{
    {order::reads, rate_group, "READS", 6, "READS", 12, 13},
    {order::writes, rate_group, "WRITE", 6, "WRITES", 12, 12},
    {order::misses, rate_group, "MISS", 5, "MISSES", 12, 8},
    {order::promotions, rate_group, "PROM", 5, "PROMOTIONS", 12, 7},
    {order::amended, "", "AMD", 4, "AMENDED", 9, 6},
    {order::live, entry_group, "LIVE", 5, "LIVE", 13, 11},
    {order::nil, entry_group, "NIL", 5, "NIL", 12, 5},
    {order::expunged, entry_group, "EXPG", 5, "EXPUNGED", 12, 4},
    {order::free, entry_group, "FREE", 5, "FREE", 12, 3},
    {order::used, memory_group, "USED", 5, "USED", 11, 10},
    {order::committed, memory_group, "COMM", 5, "COMMITTED", 11, 1},
    {order::max, memory_group, "MAX", 5, "MAX", 11, 2},
    {order::writers, "", "WRT", 4, "WRITERS", 9, 9},
}};

constexpr std::size_t narrow_name = 15;  ///< what 80 columns leave for names
constexpr std::size_t smallest_name = 10;
constexpr std::size_t widest_name = 40;
constexpr std::size_t smallest_trend = 10;
constexpr std::size_t widest_trend = 60;

/// Which columns there are, and how wide.
struct table {
  bool wide = false;
  std::size_t name = narrow_name;
  std::size_t trend = 0;  ///< 0: none
  std::vector<column> columns;

  std::size_t width_of(const column& each) const {
    return wide ? each.wide_width : each.narrow_width;
  }
  std::size_t width() const {
    std::size_t sum = 1 + name;
    for (const column& each : columns)
      sum += width_of(each);
    return sum;
  }
};

std::vector<column>::iterator least_important(table& of) {
  return std::min_element(
      of.columns.begin(), of.columns.end(),
      [](const column& a, const column& b) { return a.importance < b.importance; });
}

/// Long names cost the least important columns before they are cut.
table plan(const std::vector<const map_row*>& rows, order sorted_by, std::size_t width) {
  table chosen;
  chosen.columns.assign(all_columns.begin(), all_columns.end());
  for (column& each : chosen.columns)
    if (each.what == sorted_by) each.importance = 100;  // the order has to be seen
  std::size_t longest = smallest_name;
  for (const map_row* each : rows)
    longest = std::max(longest, each->name.size());
  longest = std::min(longest, widest_name);
  chosen.name = longest;
  chosen.wide = true;
  if (chosen.width() <= width) {
    chosen.trend = std::min(width - chosen.width(), widest_trend);
  } else {
    chosen.wide = false;
    constexpr int memory_details = 2;
    while (chosen.width() > width && !chosen.columns.empty()) {
      const auto least = least_important(chosen);
      // Beyond those two a column says more than the end of a name.
      const bool keep = least->importance > memory_details && chosen.name > smallest_name;
      if (keep) {
        chosen.name -= std::min(chosen.width() - width, chosen.name - smallest_name);
      } else {
        chosen.columns.erase(least);
      }
    }
    chosen.trend = std::min(width - chosen.width(), widest_trend);
  }
  if (chosen.trend < smallest_trend) chosen.trend = 0;
  return chosen;
}

std::string number(std::uint64_t value, bool wide) {
  return wide ? grouped(value) : short_number(static_cast<double>(value));
}

std::string rate(const map_row& row, double rates::*which, bool wide) {
  if (!row.now) return "-";
  const double value = *row.now.*which;
  return wide ? long_rate(value) : short_number(value);
}

std::string absent(const map_row& row, std::uint64_t absent_entries::*which, bool wide) {
  return row.absent ? number(*row.absent.*which, wide) : "-";
}

std::string bytes(std::uint64_t value, bool wide) {
  return wide ? cli::show_bytes(value) : short_bytes(value);
}

std::string cell(const map_row& row, order what, bool wide) {
  const map_stats& stats = row.stats;
  switch (what) {
    case order::reads:
      return rate(row, &rates::reads, wide);
    case order::writes:
      return rate(row, &rates::writes, wide);
    case order::misses:
      return rate(row, &rates::misses, wide);
    case order::promotions:
      return rate(row, &rates::promotions, wide);
    case order::amended:
      return stats.amended ? "yes" : "no";
    case order::live:
      return number(stats.entries, wide);
    case order::nil:
      return absent(row, &absent_entries::nil, wide);
    case order::expunged:
      return absent(row, &absent_entries::expunged, wide);
    case order::free:
      return absent(row, &absent_entries::free, wide);
    case order::used:
      return bytes(stats.bytes_used, wide);
    case order::committed:
      return bytes(stats.bytes_committed, wide);
    case order::max:
      return bytes(stats.bytes_max, wide);
    case order::writers:
      return grouped(stats.writers);
    case order::name:
    case order::count:
      break;
  }
  return {};
}

/// What is nothing, or not known to be so any more, stands back.
look look_of(const map_row& row, order what, const std::string& text) {
  const bool old = (what == order::nil || what == order::expunged || what == order::free) &&
                   row.absent && !row.absent->current;
  if (old || text == "0" || text == "-" || text == "no") return look::faint;
  return what == order::amended ? look::warning : look::plain;
}

std::string trend(const map_row& row, std::size_t width, const glyphs& with) {
  std::vector<double> operations;
  for (const moment& each : row.history)
    operations.push_back(each.per_second.reads + each.per_second.writes);
  return sparkline(operations, width - 1, 1, with).front();
}

std::string without_prefix(const std::string& error, const std::string& name) {
  const std::string prefix = "twinmap '" + name + "': ";
  return error.starts_with(prefix) ? error.substr(prefix.size()) : error;
}

line row_line(const map_row& row, const table& columns, const glyphs& with) {
  line shown(" ");
  shown.left(shortened(row.name, columns.name, with), columns.name, look::strong);
  if (row.state == condition::removed) return shown.add("  removed", look::faint);
  if (row.state == condition::unreadable)
    return shown.add("  ").add(without_prefix(row.error, row.name), look::bad);
  for (const column& each : columns.columns) {
    const std::string text = cell(row, each.what, columns.wide);
    shown.right(text, columns.width_of(each), look_of(row, each.what, text));
  }
  if (columns.trend != 0) shown.add(" ").add(trend(row, columns.trend, with), look::shared);
  return shown;
}

line headings(const table& columns, const view& chosen, const glyphs& with) {
  const bool rising = (chosen.sorted_by == order::name) != chosen.reversed;
  const std::string_view mark = rising ? (with.unicode ? "▲" : "^") : (with.unicode ? "▼" : "v");
  line shown(" ", look::heading);
  const bool by_name = chosen.sorted_by == order::name;
  shown.add("NAME", by_name ? look::sorted : look::heading);
  if (by_name) shown.add(mark, look::sorted);
  shown.pad(1 + columns.name, look::heading);
  for (const column& each : columns.columns) {
    const std::string_view heading = columns.wide ? each.wide : each.narrow;
    const bool sorted = chosen.sorted_by == each.what;
    const std::size_t blanks = columns.width_of(each) - heading.size() - (sorted ? 1 : 0);
    shown.add(std::string(blanks, ' '), look::heading);
    if (sorted) shown.add(mark, look::sorted);
    shown.add(heading, sorted ? look::sorted : look::heading);
  }
  if (columns.trend != 0) shown.add(" READS + WRITES", look::heading);
  return shown;
}

/// What stands above the headings: which columns belong together.
line captions(const table& columns, const glyphs& with) {
  line shown;
  shown.pad(1 + columns.name);
  for (auto from = columns.columns.begin(); from != columns.columns.end();) {
    std::size_t width = 0;
    auto to = from;
    for (; to != columns.columns.end() && to->group == from->group; ++to)
      width += columns.width_of(*to);
    const std::size_t text = from->group.empty() ? 0 : from->group.size() + 2;
    if (text == 0 || width < text + 3) {
      shown.pad(shown.width() + width);
    } else {
      const std::size_t dashes = width - 1 - text;
      const std::string_view dash = with.unicode ? "─" : "-";
      shown.add(" ").add(repeated(dash, dashes / 2), look::faint);
      shown.add(" ").add(from->group, look::faint).add(" ");
      shown.add(repeated(dash, dashes - dashes / 2), look::faint);
    }
    from = to;
  }
  return shown;
}

std::string title_text(const model& seen, const view& chosen, std::size_t shown,
                       std::size_t width) {
  rates all;
  for (const map_row& each : seen.maps) {
    all.reads += each.now.value_or(rates{}).reads;
    all.writes += each.now.value_or(rates{}).writes;
  }
  const std::string maps =
      chosen.filter.empty()
          ? fmt::format("{} map{}", seen.maps.size(), seen.maps.size() == 1 ? "" : "s")
          : fmt::format("{} of {} maps with '{}'", shown, seen.maps.size(), chosen.filter);
  const std::string where = fmt::format(" twinmap top: {} in {}", maps, seen.directory);
  const std::string work =
      fmt::format("  {} reads/s  {} writes/s", short_number(all.reads), short_number(all.writes));
  constexpr std::size_t right_end = 20;  // interval and time
  return width_of(where + work) + right_end <= width ? where + work : where;
}

/// The map under the cursor in words, with its whole name.
line detail(const map_row& row, std::size_t width) {
  line shown(" ");
  shown.add(row.name, look::strong);
  if (row.state == condition::removed) return shown.add(": its name was removed");
  if (row.state == condition::unreadable)
    return shown.add(": ").add(without_prefix(row.error, row.name), look::bad);
  const map_stats& stats = row.stats;
  const std::string entries = fmt::format(": {} entries", grouped(stats.entries));
  const std::string writers =
      fmt::format(", {} writer{}", stats.writers, stats.writers == 1 ? "" : "s");
  const std::string used = fmt::format("{} of {} used", cli::show_bytes(stats.bytes_used),
                                       cli::show_bytes(stats.bytes_max));
  const std::string memory =
      used + fmt::format(", {} committed", cli::show_bytes(stats.bytes_committed));
  for (const std::string& text :
       {entries + writers + ", memory " + memory, entries + writers + ", " + memory,
        entries + writers + ", " + used, ": " + used}) {
    if (shown.width() + width_of(text) <= width) return shown.add(text);
  }
  return shown;
}

line bottom(const view& chosen, std::size_t width, const glyphs& with) {
  if (chosen.editing_filter) {
    line shown(" names with: ");
    shown.add(chosen.filter, look::strong).add("_", look::strong).add("   ");
    return shown.add(hint_line({{"Enter", "keep"}, {"Esc", "clear"}}, width, with));
  }
  return hint_line({{"q", "quit"},
                    {"Enter", "page"},
                    {"/", "filter"},
                    {"< >", "sort"},
                    {"r", "reverse"},
                    {"p", chosen.paused ? "go on" : "pause"},
                    {"?", "help"}},
                   width, with);
}

bool roomy(extent size) {
  return size.rows >= 12;
}

}  // namespace

std::size_t list_rows(extent size) {
  const std::size_t around = roomy(size) ? 5 : 3;
  return size.rows > around ? size.rows - around : 0;
}

frame draw_list(const model& seen, const view& chosen, extent size, const glyphs& with) {
  const auto rows = rows_of(seen, chosen);
  const table columns = plan(rows, chosen.sorted_by, size.columns);
  frame shown{title_bar(seen, chosen, title_text(seen, chosen, rows.size(), size.columns),
                        size.columns, with)};
  if (roomy(size)) shown.push_back(captions(columns, with));
  shown.push_back(headings(columns, chosen, with));
  const std::size_t end = std::min(rows.size(), chosen.first + list_rows(size));
  for (std::size_t i = chosen.first; i < end; ++i) {
    line row = row_line(*rows[i], columns, with).cut(size.columns, with);
    if (i == chosen.cursor) row.pad(size.columns).all(look::selected);
    shown.push_back(std::move(row));
  }
  if (!seen.complaint.empty()) {
    shown.emplace_back(" " + seen.complaint, look::bad);
  } else if (rows.empty()) {
    shown.emplace_back(seen.maps.empty() ? " no maps in " + seen.directory
                                         : " no map's name contains '" + chosen.filter + "'",
                       look::faint);
  }
  shown.resize(size.rows - (roomy(size) ? 2 : 1));
  if (roomy(size))
    shown.push_back(rows.empty() ? line() : detail(*rows[chosen.cursor], size.columns));
  shown.push_back(bottom(chosen, size.columns, with));
  return shown;
}

}  // namespace twinmap::top
