// A map's page: its two maps as in the README's picture, who may write, and what happened lately.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <cli/encoding.hpp>
#include <cli/sizes.hpp>
#include <cli/top/draw.hpp>
#include <cli/top/layout.hpp>
#include <cli/top/numbers.hpp>

#include <algorithm>
#include <functional>

namespace twinmap::top {
namespace {

/// Of boxes.
struct strokes {
  std::string_view across, down, top_left, top_right, bottom_left, bottom_right, tee, arrow;
};

const strokes& strokes_of(const glyphs& with) {
  static const strokes lines{"─", "│", "┌", "┐", "└", "┘", "┬", "▼"};
  static const strokes ascii{"-", "|", "+", "+", "+", "+", "+", "v"};
  return with.unicode ? lines : ascii;
}

line inside(const line& content, std::size_t width, const glyphs& with) {
  const std::string_view down = strokes_of(with).down;
  return line(down).add(content.cut(width - 2, with)).pad(width - 1).add(down);
}

/// The first of the texts that fits.
std::string fitting(const std::vector<std::string>& texts, std::size_t width) {
  for (const std::string& each : texts) {
    if (width_of(each) <= width) return each;
  }
  return texts.back();
}

std::string brief(std::uint64_t number) {
  return short_number(static_cast<double>(number));
}

std::string fill_text(std::uint64_t words, std::uint64_t places, std::size_t width) {
  const std::string share = percentage(words, places);
  return fitting({fmt::format(" {} of {} places, {} full", grouped(words), grouped(places), share),
                  fmt::format(" {} of {} places, {} full", brief(words), brief(places), share),
                  fmt::format(" {} of {}, {}", brief(words), brief(places), share)},
                 width);
}

/// Two boxes beside each other, each over its own part of the width.
struct halves {
  std::size_t left;
  std::size_t gap;
  std::size_t right;
};

halves halves_of(std::size_t width) {
  constexpr std::size_t gap = 2;
  const std::size_t left = (width - 2 - gap) / 2;
  return {left, gap, left};
}

constexpr share both(std::uint64_t words) {
  return {words, "█", "#", look::shared};
}
constexpr share only(std::uint64_t words) {
  return {words, "▓", "+", look::alone};
}

/// What stands in a box, line by line.
using content = std::vector<line>;

content read_content(const map_stats& stats, std::size_t width, const glyphs& with) {
  const std::string generation = fmt::format(" generation {}", stats.generation);
  const auto with_state = [&](std::string_view more) {
    return generation + (stats.amended ? ", amended" + std::string(more) : ", not amended");
  };
  line state(fitting({with_state(": dirty has more"), with_state("")}, width));
  return {bar({both(stats.read_words)}, stats.read_places, width, with),
          line(fill_text(stats.read_words, stats.read_places, width)), std::move(state)};
}

content dirty_content(const map_stats& stats, std::size_t width, const glyphs& with) {
  if (stats.dirty_places == 0) {
    return {line(), line(" none: read is the whole map", look::faint), line()};
  }
  const std::uint64_t alone = std::min(stats.dirty_only, stats.dirty_words);
  const std::uint64_t shared = stats.dirty_words - alone;
  const share in_both = both(shared);
  const share in_dirty = only(alone);
  const auto glyph = [&](const share& of) { return with.unicode ? of.unicode : of.ascii; };
  const auto legend_with = [&](auto amount) {
    line legend(" ");
    legend.add(glyph(in_both), in_both.how).add(" in both " + amount(shared) + "  ");
    return legend.add(glyph(in_dirty), in_dirty.how).add(" only here " + amount(alone));
  };
  line legend = legend_with(grouped);
  if (legend.width() > width) legend = legend_with(brief);
  return {bar({in_both, in_dirty}, stats.dirty_places, width, with),
          line(fill_text(stats.dirty_words, stats.dirty_places, width)), std::move(legend)};
}

content slots_content(const map_row& row, std::size_t width, const glyphs& with) {
  const map_stats& stats = row.stats;
  const absent_entries absent = row.absent.value_or(absent_entries{});
  const share live{stats.entries, "█", "#", look::shared};
  const share nil{absent.nil, "▒", "-", look::warning};
  const share expunged{absent.expunged, "╳", "x", look::bad};
  const share free{absent.free, "·", " ", look::faint};
  const auto glyph = [&](const share& of) { return with.unicode ? of.unicode : of.ascii; };
  const bool grouped_fits = width >= 76;
  const auto amount = [&](std::uint64_t n) { return grouped_fits ? grouped(n) : brief(n); };
  const auto add = [&](line& to, const share& of, std::string_view name, bool known) {
    to.add("  ").add(glyph(of), of.how);
    to.add(fmt::format(" {} {}", name, known ? amount(of.amount) : "-"));
  };
  line legend;
  add(legend, live, "live", true);
  add(legend, nil, "nil", row.absent.has_value());
  add(legend, expunged, "expunged", row.absent.has_value());
  add(legend, free, "free", row.absent.has_value());
  // As a part of the slots in use: what max_entries leaves would hide the rest.
  const std::uint64_t used = row.absent ? live.amount + nil.amount + expunged.amount + free.amount
                                        : std::max(stats.entries, stats.slots_used - 1);
  const std::string room = fmt::format("{} of {} slots ", amount(used), amount(stats.max_entries));
  if (legend.width() + width_of(room) + 2 <= width) legend.pad(width - width_of(room)).add(room);
  return {bar({live, nil, expunged, free}, used, width, with), legend};
}

/// The picture: read and dirty, both pointing into the entry slots.
frame draw_tables(const map_row& row, std::size_t width, const glyphs& with) {
  const strokes& draw = strokes_of(with);
  const halves parts = halves_of(width);
  const std::string blank(parts.gap, ' ');
  const auto top = [&](std::string_view caption, std::size_t own) {
    const std::string text = " " + std::string(caption) + " ";
    line shown(draw.top_left);
    shown.add(draw.across).add(text, look::strong);
    return shown.add(repeated(draw.across, own - 3 - width_of(text))).add(draw.top_right);
  };
  const auto bottom = [&](std::size_t own) {
    const std::size_t before = (own - 3) / 2;
    line shown(draw.bottom_left);
    shown.add(repeated(draw.across, before)).add(draw.tee);
    return shown.add(repeated(draw.across, own - 3 - before)).add(draw.bottom_right);
  };
  const auto beside = [&](const line& left, const line& right) {
    return line(" ").add(left).add(blank).add(right);
  };
  frame shown;
  shown.push_back(beside(top("read", parts.left), top("dirty", parts.right)));
  const content read = read_content(row.stats, parts.left - 2, with);
  const content dirty = dirty_content(row.stats, parts.right - 2, with);
  for (std::size_t i = 0; i < read.size(); ++i)
    shown.push_back(beside(inside(read[i], parts.left, with), inside(dirty[i], parts.right, with)));
  shown.push_back(beside(bottom(parts.left), bottom(parts.right)));

  const std::size_t whole = parts.left + parts.gap + parts.right;
  const std::string caption = " entry slots ";
  const std::size_t first = 1 + (parts.left - 3) / 2;
  const std::size_t second = parts.left + parts.gap + 1 + (parts.right - 3) / 2;
  line edge(draw.top_left);
  edge.add(draw.across).add(caption, look::strong);
  edge.add(repeated(draw.across, first - edge.width())).add(draw.arrow);
  edge.add(repeated(draw.across, second - edge.width())).add(draw.arrow);
  edge.add(repeated(draw.across, whole - 1 - edge.width())).add(draw.top_right);
  shown.push_back(line(" ").add(edge));
  for (const line& each : slots_content(row, whole - 2, with))
    shown.push_back(line(" ").add(inside(each, whole, with)));
  line last(draw.bottom_left);
  last.add(repeated(draw.across, whole - 2)).add(draw.bottom_right);
  shown.push_back(line(" ").add(last));
  return shown;
}

/// The same in words, where the picture has no room.
frame describe_tables(const map_row& row, std::size_t width, const glyphs& with) {
  const std::size_t room = width - 8;
  const auto labelled = [&](std::string_view label, const line& text) {
    return line(" ").left(label, 6, look::strong).add(text);
  };
  const map_stats& stats = row.stats;
  line dirty(stats.dirty_places == 0 ? " none"
                                     : fill_text(stats.dirty_words, stats.dirty_places, room));
  if (stats.dirty_only != 0) dirty.add(", " + brief(stats.dirty_only) + " only here");
  return {labelled("read", line(fill_text(stats.read_words, stats.read_places, room))),
          labelled("dirty", dirty), labelled("slots", slots_content(row, room, with).back())};
}

/// A holder that runs gives the mutex back soon; for any other, new keys wait.
look look_of(const writer_info& holder) {
  const bool stuck = holder.state == writer_state::stopped || holder.state == writer_state::dead;
  return stuck ? look::bad : look::strong;
}

line holder(const map_row& row) {
  line shown("mutex ", look::faint);
  for (const writer_info& each : *row.writers) {
    if (!each.holds_mutex) continue;
    return shown.add(fmt::format("held by {} {} ({}) for {}", each.process,
                                 each.command.empty() ? "" : cli::printable(each.command),
                                 to_string(each.state), duration(each.holds_mutex_ns)),
                     look_of(each));
  }
  return shown.add("free", look::good);
}

/// One after the other, as many as fit.
line joined(const std::vector<line>& parts, std::size_t width) {
  line shown;
  for (const line& each : parts) {
    const std::size_t blanks = shown.width() == 0 ? 1 : 3;
    if (shown.width() + blanks + each.width() > width) break;
    shown.add(std::string(blanks, ' ')).add(each);
  }
  return shown;
}

line summary(const map_row& row, std::size_t width) {
  const map_stats& stats = row.stats;
  const auto labelled = [](std::string_view label, const std::string& text) {
    return line(std::string(label) + " ", look::faint).add(text);
  };
  const std::string of_all = row.info ? " of " + grouped(row.info->max_writers) : "";
  const std::string caretakers =
      stats.promotions_by_caretaker == 0
          ? ""
          : fmt::format(" ({} by the caretaker)", grouped(stats.promotions_by_caretaker));
  std::vector<line> parts;
  if (row.writers) parts.push_back(holder(row));
  parts.push_back(labelled("writers", grouped(stats.writers) + of_all));
  if (stats.cared_for) parts.emplace_back("cared for", look::good);
  parts.push_back(labelled("promotions", grouped(stats.promotions) + caretakers));
  parts.push_back(labelled("lock waits", grouped(stats.lock_waits)));
  parts.push_back(labelled("taken from the dead", grouped(stats.take_overs)));
  return joined(parts, width);
}

line facts(const map_row& row, std::size_t width, const glyphs& with) {
  if (!row.info) return line();
  const map_info& info = *row.info;
  const auto seconds = static_cast<std::time_t>(info.created_at / 1'000'000'000);
  const auto faint = [](const std::string& text) { return line(text, look::faint); };
  const std::string types = fmt::format("{} {} {}", cli::printable(info.key_type), with.arrow(),
                                        cli::printable(info.value_type));
  return joined({line(shortened(types, width - 2, with)),
                 faint(fmt::format("mode {:04o} {}:{}", info.mode, info.owner, info.group)),
                 faint(fmt::format("{}-byte slots", info.slot_bytes)),
                 faint(fmt::format("created {:%Y-%m-%d %H:%M}Z", fmt::gmtime(seconds)))},
                width);
}

/// A row of sparklines: what, its value now, how it went, and the highest that is shown.
struct trend {
  std::string_view name;
  std::function<double(const moment&)> value;
  std::string now;
  bool in_bytes = false;
};

std::vector<trend> trends_of(const map_row& row) {
  const auto rate = [&](double rates::*which) {
    return row.now ? short_number(*row.now.*which) : "-";
  };
  return {{"reads/s", [](const moment& at) { return at.per_second.reads; }, rate(&rates::reads)},
          {"writes/s", [](const moment& at) { return at.per_second.writes; }, rate(&rates::writes)},
          {"misses/s", [](const moment& at) { return at.per_second.misses; }, rate(&rates::misses)},
          {"promotions/s", [](const moment& at) { return at.per_second.promotions; },
           rate(&rates::promotions)},
          {"memory", [](const moment& at) { return static_cast<double>(at.bytes_used); },
           short_bytes(row.stats.bytes_used), true}};
}

frame draw_trends(const map_row& row, std::size_t width, std::size_t height, const glyphs& with) {
  constexpr std::size_t name_width = 13;
  constexpr std::size_t now_width = 5;
  constexpr std::size_t highest_width = 10;
  const bool with_highest = width >= 60;
  const std::size_t room =
      width - 1 - name_width - now_width - 1 - (with_highest ? highest_width : 1);
  frame shown;
  for (const trend& each : trends_of(row)) {
    std::vector<double> values;
    for (const moment& at : row.history)
      values.push_back(each.value(at));
    const auto lines = sparkline(values, room, height, with);
    double highest = 0;
    const std::size_t seen = std::min(values.size(), room);
    for (std::size_t i = values.size() - seen; i < values.size(); ++i)
      highest = std::max(highest, values[i]);
    if (height > 1 && !shown.empty()) shown.emplace_back();
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const bool first = i == 0;
      line text(" ");
      text.left(first ? each.name : "", name_width, look::faint);
      text.right(first ? each.now : "", now_width, look::strong);
      text.add(" ").add(lines[i], look::shared);
      if (first && with_highest && !values.empty()) {
        const std::string top = each.in_bytes ? short_bytes(static_cast<std::uint64_t>(highest))
                                              : short_number(highest);
        text.add(" max ", look::faint).add(top);
      }
      shown.push_back(std::move(text));
    }
  }
  return shown;
}

frame draw_writers(const map_row& row, std::size_t most, std::size_t width, const glyphs& with) {
  if (!row.writers || row.writers->empty() || most < 2) return {};
  frame shown;
  line heading(" ", look::heading);
  heading.add(fmt::format("{:>8} {:>8} {:>6}  {:<8} {:<16} {}", "PID", "TID", "USER", "STATE",
                          "MUTEX", "COMMAND"),
              look::heading);
  shown.push_back(heading);
  std::vector<writer_info> threads = *row.writers;
  std::stable_partition(threads.begin(), threads.end(),
                        [](const writer_info& each) { return each.holds_mutex; });
  for (const writer_info& each : threads) {
    if (shown.size() == most) break;
    const std::size_t left = threads.size() - (shown.size() - 1);
    if (shown.size() + 1 == most && left > 1) {
      shown.emplace_back(fmt::format("          and {} more", left), look::faint);
      break;
    }
    const std::string mutex = each.holds_mutex ? "held " + duration(each.holds_mutex_ns) : "";
    const std::string command = each.command.empty() ? "-" : cli::printable(each.command);
    line text(fmt::format(" {:>8} {:>8} {:>6}  {:<8} {:<16} {}{}", each.process, each.thread,
                          each.user, to_string(each.state), mutex, command,
                          each.caretaker ? " (caretaker)" : ""));
    if (each.holds_mutex) text.all(look_of(each));
    shown.push_back(text.cut(width, with));
  }
  return shown;
}

/// Every counter, where there is room for it.
frame draw_counters(const map_row& row, std::size_t width) {
  constexpr std::size_t cell = 39;
  const std::size_t across = std::max<std::size_t>(1, (width - 1) / cell);
  frame shown{line(" since the map was made", look::heading)};
  std::size_t count = 0;
  for_each_counter(row.stats, [&](const char* name, std::uint64_t value) {
    if (count++ % across == 0) shown.emplace_back(" ");
    shown.back().left(name, 24, look::faint).right(grouped(value), 12).add("   ");
  });
  return shown;
}

void append(frame& to, frame part) {
  for (line& each : part)
    to.push_back(std::move(each));
}

/// Everything between the bar at the top and the keys at the bottom, the most telling first where
/// there is little room.
frame body(const map_row& row, extent size, const glyphs& with) {
  constexpr std::size_t trend_count = 5;
  const std::size_t room = size.rows - 2;
  const bool picture = size.columns >= 70 && room >= 17;
  frame tables =
      picture ? draw_tables(row, size.columns, with) : describe_tables(row, size.columns, with);
  std::size_t left = room - std::min(room, tables.size());
  const auto afford = [&left](std::size_t lines) {
    if (left < lines) return false;
    left -= lines;
    return true;
  };
  const bool trends = left > 0;
  std::size_t height = afford(trend_count) ? 1 : 0;
  const bool with_summary = afford(1);
  const bool with_facts = afford(1);
  const std::size_t blanks = afford(2) ? 1 : 0;
  frame counters = draw_counters(row, size.columns);
  const std::size_t threads = row.writers ? row.writers->size() : 0;
  frame writers;
  if (left >= 3) {
    const bool both_fit = left >= counters.size() + 1 + 12;
    const std::size_t most = both_fit ? left - counters.size() - 1 : left;
    writers = draw_writers(row, std::min(threads + 1, most - 1), size.columns, with);
    if (!writers.empty()) afford(writers.size() + 1);
  }
  const bool with_counters = afford(counters.size() + 1);
  // Higher ones have an empty line between them.
  if (height == 1 && left >= 2 * trend_count) height = std::min<std::size_t>(3, left / trend_count);

  frame shown;
  if (with_facts) shown.push_back(facts(row, size.columns, with));
  append(shown, std::move(tables));
  if (with_summary) shown.push_back(summary(row, size.columns));
  if (blanks != 0) shown.emplace_back();
  if (trends) append(shown, draw_trends(row, size.columns, std::max<std::size_t>(height, 1), with));
  if (!writers.empty()) shown.emplace_back();
  append(shown, std::move(writers));
  if (with_counters) {
    shown.emplace_back();
    append(shown, std::move(counters));
  }
  return shown;
}

}  // namespace

frame draw_page(const model& seen, const view& chosen, extent size, const glyphs& with) {
  const auto found = std::find_if(seen.maps.begin(), seen.maps.end(),
                                  [&](const map_row& each) { return each.name == chosen.page; });
  const std::string title = fmt::format(" twinmap top: {} in {}", chosen.page, seen.directory);
  frame shown{title_bar(seen, chosen, title, size.columns, with)};
  if (found == seen.maps.end()) {
    shown.emplace_back(fmt::format(" there is no map '{}' any more", chosen.page), look::bad);
  } else if (found->state == condition::unreadable) {
    shown.emplace_back(" " + found->error, look::bad);
  } else {
    if (found->state == condition::removed)
      shown.emplace_back(" the name was removed; this is what was seen last", look::bad);
    append(shown, body(*found, {size.columns, size.rows - (shown.size() - 1)}, with));
  }
  shown.resize(size.rows - 1);
  shown.push_back(hint_line(
      {{"Esc", "back"}, {"q", "quit"}, {"p", chosen.paused ? "go on" : "pause"}, {"?", "help"}},
      size.columns, with));
  return shown;
}

}  // namespace twinmap::top
