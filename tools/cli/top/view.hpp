// What the person at the keyboard has chosen, and what each key changes of it.
#pragma once

#include <cli/top/model.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace twinmap::top {

/// What rows can be sorted by, in the order of the columns.
enum class order : std::uint8_t {
  name,
  reads,
  writes,
  misses,
  promotions,
  amended,
  live,
  nil,
  expunged,
  free,
  used,
  committed,
  max,
  writers,
  count
};

enum class key_name : std::uint8_t {
  character,
  up,
  down,
  page_up,
  page_down,
  home,
  end,
  left,
  right,
  enter,
  escape,
  backspace,
  other
};

struct key_press {
  key_name name = key_name::other;
  char character = 0;
};

struct view {
  order sorted_by = order::reads;
  bool reversed = false;
  std::string filter;
  bool editing_filter = false;
  bool paused = false;
  bool help = false;
  bool quit = false;
  std::string page;            ///< the map whose page is open; empty: the list
  std::string selected;        ///< the map under the cursor; empty: nobody has moved it yet
  std::size_t cursor = 0;      ///< its row
  std::size_t first = 0;       ///< the row that is shown first
  std::size_t page_rows = 10;  ///< rows on the screen
};

/// The rows that the filter lets through, sorted.
std::vector<const map_row*> rows_of(const model& seen, const view& chosen);

/// Puts cursor and first row where `rows` rows of the screen show the selected map.
void settle(view& chosen, const model& seen, std::size_t rows);

void press(view& chosen, const model& seen, key_press key);

}  // namespace twinmap::top
