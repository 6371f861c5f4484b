#include <cli/top/view.hpp>

#include <algorithm>
#include <cctype>
#include <utility>

namespace twinmap::top {
namespace {

bool contains(const std::string& name, const std::string& wanted) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  };
  return std::search(name.begin(), name.end(), wanted.begin(), wanted.end(), same) != name.end();
}

double amount(const map_row& row, order by) {
  const rates now = row.now.value_or(rates{});
  const absent_entries absent = row.absent.value_or(absent_entries{});
  const auto number = [](std::uint64_t n) { return static_cast<double>(n); };
  switch (by) {
    case order::reads:
      return now.reads;
    case order::writes:
      return now.writes;
    case order::misses:
      return now.misses;
    case order::promotions:
      return now.promotions;
    case order::amended:
      return row.stats.amended ? 1 : 0;
    case order::live:
      return number(row.stats.entries);
    case order::nil:
      return number(absent.nil);
    case order::expunged:
      return number(absent.expunged);
    case order::free:
      return number(absent.free);
    case order::used:
      return number(row.stats.bytes_used);
    case order::committed:
      return number(row.stats.bytes_committed);
    case order::max:
      return number(row.stats.bytes_max);
    case order::writers:
      return number(row.stats.writers);
    case order::name:
    case order::count:
      break;
  }
  return 0;
}

void move_cursor(view& chosen, const model& seen, std::ptrdiff_t by) {
  const auto rows = rows_of(seen, chosen);
  if (rows.empty()) return;
  const auto last = static_cast<std::ptrdiff_t>(rows.size()) - 1;
  const auto at =
      std::clamp(static_cast<std::ptrdiff_t>(chosen.cursor) + by, std::ptrdiff_t{0}, last);
  chosen.cursor = static_cast<std::size_t>(at);
  chosen.selected = rows[chosen.cursor]->name;
}

void move_order(view& chosen, int by) {
  const int count = static_cast<int>(order::count);
  chosen.sorted_by = static_cast<order>((static_cast<int>(chosen.sorted_by) + by + count) % count);
}

void open_page(view& chosen, const model& seen) {
  const auto rows = rows_of(seen, chosen);
  if (rows.empty()) return;
  chosen.selected = rows[std::min(chosen.cursor, rows.size() - 1)]->name;
  chosen.page = chosen.selected;
}

void edit_filter(view& chosen, key_press key) {
  if (key.name == key_name::enter) {
    chosen.editing_filter = false;
  } else if (key.name == key_name::escape) {
    chosen.editing_filter = false;
    chosen.filter.clear();
  } else if (key.name == key_name::backspace) {
    if (!chosen.filter.empty()) chosen.filter.pop_back();
  } else if (key.name == key_name::character) {
    chosen.filter += key.character;
  }
}

/// Letters that mean the same everywhere. True if it was one.
bool press_letter(view& chosen, char letter) {
  switch (letter) {
    case 'q':
      chosen.quit = true;
      return true;
    case 'p':
    case ' ':
      chosen.paused = !chosen.paused;
      return true;
    case '?':
    case 'h':
      chosen.help = !chosen.help;
      return true;
    default:
      return false;
  }
}

void press_on_list(view& chosen, const model& seen, key_press key) {
  const auto screen = static_cast<std::ptrdiff_t>(std::max<std::size_t>(chosen.page_rows, 2) - 1);
  const auto all = static_cast<std::ptrdiff_t>(seen.maps.size());
  switch (key.name) {
    case key_name::up:
      return move_cursor(chosen, seen, -1);
    case key_name::down:
      return move_cursor(chosen, seen, +1);
    case key_name::page_up:
      return move_cursor(chosen, seen, -screen);
    case key_name::page_down:
      return move_cursor(chosen, seen, +screen);
    case key_name::home:
      return move_cursor(chosen, seen, -all);
    case key_name::end:
      return move_cursor(chosen, seen, +all);
    case key_name::left:
      return move_order(chosen, -1);
    case key_name::right:
      return move_order(chosen, +1);
    case key_name::enter:
      return open_page(chosen, seen);
    case key_name::escape:
      chosen.filter.clear();
      return;
    case key_name::character:
      break;
    case key_name::backspace:
    case key_name::other:
      return;
  }
  if (key.character == '<' || key.character == ',') move_order(chosen, -1);
  if (key.character == '>' || key.character == '.') move_order(chosen, +1);
  if (key.character == 'k') move_cursor(chosen, seen, -1);
  if (key.character == 'j') move_cursor(chosen, seen, +1);
  if (key.character == 'r') chosen.reversed = !chosen.reversed;
  if (key.character == '/') chosen.editing_filter = true;
}

}  // namespace

std::vector<const map_row*> rows_of(const model& seen, const view& chosen) {
  std::vector<const map_row*> rows;
  for (const map_row& each : seen.maps) {
    if (contains(each.name, chosen.filter)) rows.push_back(&each);
  }
  // The maps come by name, which stays the order of those that are equal.
  const bool ascending = (chosen.sorted_by == order::name) != chosen.reversed;
  std::stable_sort(rows.begin(), rows.end(), [&](const map_row* a, const map_row* b) {
    if (!ascending) std::swap(a, b);
    if (chosen.sorted_by == order::name) return a->name < b->name;
    return amount(*a, chosen.sorted_by) < amount(*b, chosen.sorted_by);
  });
  return rows;
}

void settle(view& chosen, const model& seen, std::size_t rows) {
  const auto shown = rows_of(seen, chosen);
  const auto found = std::find_if(shown.begin(), shown.end(), [&](const map_row* each) {
    return each->name == chosen.selected;
  });
  if (found != shown.end()) chosen.cursor = static_cast<std::size_t>(found - shown.begin());
  chosen.cursor = shown.empty() ? 0 : std::min(chosen.cursor, shown.size() - 1);
  chosen.page_rows = rows;
  if (rows == 0) return;
  if (chosen.cursor < chosen.first) chosen.first = chosen.cursor;
  if (chosen.cursor >= chosen.first + rows) chosen.first = chosen.cursor - rows + 1;
  const std::size_t last_first = shown.size() > rows ? shown.size() - rows : 0;
  chosen.first = std::min(chosen.first, last_first);
}

void press(view& chosen, const model& seen, key_press key) {
  if (chosen.editing_filter) return edit_filter(chosen, key);
  if (key.name == key_name::character && press_letter(chosen, key.character)) return;
  if (chosen.help) {
    chosen.help = false;  // any other key
  } else if (chosen.page.empty()) {
    press_on_list(chosen, seen, key);
  } else if (key.name == key_name::escape || key.name == key_name::backspace ||
             key.name == key_name::left) {
    chosen.page.clear();
  }
}

}  // namespace twinmap::top
