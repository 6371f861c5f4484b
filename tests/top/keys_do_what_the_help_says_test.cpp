#include <gtest/gtest.h>
#include <cli/top/view.hpp>
#include <top/some_maps.hpp>

namespace top_test {
namespace {

class Keys : public ::testing::Test {
 protected:
  void press_letter(char letter) { press(chosen, seen, {key_name::character, letter}); }
  void press_key(key_name key) { press(chosen, seen, {key}); }
  void type(const std::string& letters) {
    for (const char letter : letters)
      press_letter(letter);
  }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const map_row* each : rows_of(seen, chosen))
      all.push_back(each->name);
    return all;
  }

  using list = std::vector<std::string>;
  model seen = some_maps();
  view chosen;
};

TEST_F(Keys, SortByTheNextColumnAndBack) {
  EXPECT_EQ(names().front(), "sessions") << "most reads first";
  press_key(key_name::left);
  EXPECT_EQ(chosen.sorted_by, order::name);
  EXPECT_EQ(names(), (list{"broken", "feature-flags", "gone", "prices", "sessions"}));
  press_letter('<');
  EXPECT_EQ(chosen.sorted_by, order::writers) << "round the corner";
  press_letter('>');
  press_letter('r');
  EXPECT_EQ(names(), (list{"sessions", "prices", "gone", "feature-flags", "broken"}));
}

TEST_F(Keys, EveryColumnSortsByWhatItShows) {
  map_row& low = seen.maps[1];
  map_row& high = seen.maps[3];
  low.stats.writers = 1;
  low.stats.amended = false;
  high = busy_map();
  high.name = "high";
  for (int column = 1; column < static_cast<int>(order::count); ++column) {
    chosen.sorted_by = static_cast<order>(column);
    chosen.reversed = false;
    seen.maps.resize(4);
    EXPECT_EQ(names().front(), "high") << column;
    chosen.reversed = true;
    EXPECT_EQ(names().back(), "high") << column;
  }
}

TEST_F(Keys, FilterByAPartOfTheName) {
  press_letter('/');
  EXPECT_TRUE(chosen.editing_filter);
  type("SSqx");
  EXPECT_FALSE(chosen.quit) << "a letter, while a filter is typed";
  press_key(key_name::backspace);
  press_key(key_name::backspace);
  press_key(key_name::enter);
  EXPECT_EQ(names(), list{"sessions"});
  EXPECT_TRUE(chosen.page.empty());
  press_key(key_name::escape);
  EXPECT_EQ(names().size(), 5u);
}

TEST_F(Keys, CursorStaysWithItsMapWhenTheOrderChanges) {
  press_key(key_name::down);
  const std::string under = names()[1];
  EXPECT_EQ(chosen.selected, under);
  press_letter('r');
  settle(chosen, seen, 10);
  EXPECT_EQ(names()[chosen.cursor], under);
}

TEST_F(Keys, CursorStaysOnTheScreenAndWithinTheList) {
  settle(chosen, seen, 2);
  press_key(key_name::end);
  settle(chosen, seen, 2);
  EXPECT_EQ(chosen.cursor, 4u);
  EXPECT_EQ(chosen.first, 3u);
  press_key(key_name::down);
  EXPECT_EQ(chosen.cursor, 4u);
  press_key(key_name::home);
  settle(chosen, seen, 2);
  EXPECT_EQ(chosen.first, 0u);
  press_key(key_name::up);
  EXPECT_EQ(chosen.cursor, 0u);
  seen.maps.clear();
  settle(chosen, seen, 2);
  press_key(key_name::down);
  press_key(key_name::enter);
  EXPECT_TRUE(chosen.page.empty());
}

TEST_F(Keys, OpenAPageAndComeBack) {
  press_key(key_name::enter);
  EXPECT_EQ(chosen.page, "sessions");
  press_letter('/');
  EXPECT_FALSE(chosen.editing_filter) << "there is no list to filter";
  press_key(key_name::escape);
  EXPECT_TRUE(chosen.page.empty());
  EXPECT_EQ(chosen.selected, "sessions");
}

TEST_F(Keys, PauseHelpAndQuit) {
  press_letter('p');
  EXPECT_TRUE(chosen.paused);
  press_letter('p');
  EXPECT_FALSE(chosen.paused);
  press_letter('?');
  EXPECT_TRUE(chosen.help);
  press_key(key_name::down);
  EXPECT_FALSE(chosen.help);
  EXPECT_EQ(chosen.cursor, 0u) << "the key only closed the help";
  press_letter('q');
  EXPECT_TRUE(chosen.quit);
}

}  // namespace
}  // namespace top_test
