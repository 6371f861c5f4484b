#include <cli/top/layout.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace twinmap::top {

line title_bar(const model& seen, const view& chosen, std::string_view left, std::size_t width,
               const glyphs& with) {
  std::string right = chosen.paused ? "PAUSED  " : "";
  std::tm local{};
  if (::localtime_r(&seen.taken_at, &local) != nullptr)
    right += fmt::format("every {:g} s  {:%H:%M:%S}", seen.interval, local);
  const std::size_t room = width > width_of(right) + 1 ? width - width_of(right) - 1 : 0;
  line bar;
  bar.add(shortened(left, room, with), look::title);
  bar.pad(width > width_of(right) ? width - width_of(right) : 0, look::title);
  return bar.add(right, look::title);
}

line hint_line(const std::vector<key_hint>& hints, std::size_t width, const glyphs& with) {
  line shown;
  for (const key_hint& each : hints) {
    const std::size_t needed = 1 + width_of(each.key) + 1 + width_of(each.does);
    if (shown.width() + needed + (shown.width() == 0 ? 0 : 1) > width) break;
    shown.add(shown.width() == 0 ? " " : "  ").add(each.key, look::key);
    shown.add(" ").add(each.does, look::faint);
  }
  return shown.cut(width, with);
}

frame draw_help(extent size, const glyphs& with) {
  const std::vector<std::pair<std::string_view, std::string_view>> lines{
      {"up down, j k", "move the cursor; PgUp PgDn Home End too"},
      {"Enter", "the page of the map under the cursor; Esc goes back"},
      {"< >", "sort by the column to the left, to the right; arrow keys too"},
      {"r", "reverse the order"},
      {"/", "show only maps whose name contains what you type; Esc clears"},
      {"p, space", "pause"},
      {"q", "quit"},
      {"", ""},
      {"READS", "lookups a second that found their key; read-only processes"},
      {"", "cannot count theirs, and others do it in batches"},
      {"WRITES", "values written and keys erased, a second"},
      {"MISSES", "lookups that read could not answer and dirty had to"},
      {"PROMOTIONS", "dirty became read"},
      {"AMENDED", "dirty has keys that read lacks"},
      {"LIVE", "entries with a value; NIL: absent, may come back in place;"},
      {"", "EXPUNGED: absent and left out of dirty; FREE: of no key"},
      {"USED", "bytes in use; COMMITTED: taken from the system; MAX: the bound"},
      {"WRITERS", "threads that hold a writer's lease"},
  };
  frame help{line(" twinmap top: keys and columns").pad(size.columns).all(look::title)};
  if (size.rows > lines.size() + 3) help.emplace_back();
  for (const auto& [what, text] : lines)
    help.push_back(line(" ").left(what, 14, look::key).add(text));
  if (help.size() >= size.rows) help.resize(size.rows - 1);
  help.resize(size.rows - 1);
  help.push_back(hint_line({{"any key", "back"}, {"q", "quit"}}, size.columns, with));
  return help;
}

frame draw(const model& seen, const view& chosen, extent size, const glyphs& with) {
  frame whole;
  if (size.columns < smallest.columns || size.rows < smallest.rows) {
    const std::string why = "terminal too small";
    const std::string needed =
        fmt::format("{}: {}x{} needed", why, smallest.columns, smallest.rows);
    whole.emplace_back(width_of(needed) <= size.columns ? needed : why);
  } else if (chosen.help) {
    whole = draw_help(size, with);
  } else if (!chosen.page.empty()) {
    whole = draw_page(seen, chosen, size, with);
  } else {
    whole = draw_list(seen, chosen, size, with);
  }
  return fitted(std::move(whole), size, with);
}

}  // namespace twinmap::top
