// The drawings, against screens that a person has looked at: tests/top/golden. After a wanted
// change: TWINMAP_UPDATE_GOLDEN=1 test_top, and look at the difference.
#include <gtest/gtest.h>
#include <cli/top/layout.hpp>
#include <top/some_maps.hpp>

#include <fstream>
#include <sstream>

namespace top_test {
namespace {

std::string text_of(const frame& lines) {
  std::string all;
  for (const line& each : lines) {
    std::string text = each.text();
    text.erase(text.find_last_not_of(' ') + 1);
    all += text + '\n';
  }
  return all;
}

void expect_as_it_was(const std::string& name, const frame& drawn, extent size) {
  ASSERT_EQ(drawn.size(), size.rows) << name;
  for (const line& each : drawn)
    EXPECT_LE(each.width(), size.columns) << name << ": " << each.text();
  const std::string file = TWINMAP_TEST_DATA "/golden/" + name + ".txt";
  if (std::getenv("TWINMAP_UPDATE_GOLDEN") != nullptr) std::ofstream(file) << text_of(drawn);
  std::ifstream in(file);
  std::ostringstream known;
  known << in.rdbuf();
  EXPECT_EQ(text_of(drawn), known.str()) << name;
}

class Screens : public ::testing::Test {
 protected:
  void expect_list(const std::string& name, extent size) {
    settle(chosen, seen, list_rows(size));
    expect_as_it_was(name, draw(seen, chosen, size, with), size);
  }
  void expect_page(const std::string& name, const std::string& map, extent size) {
    chosen.page = map;
    expect_as_it_was(name, draw(seen, chosen, size, with), size);
  }

  model seen = with_details(some_maps());
  view chosen;
  glyphs with;
};

TEST_F(Screens, List80) {
  expect_list("list_80x24", {80, 24});
}
TEST_F(Screens, List200) {
  expect_list("list_200x50", {200, 50});
}
TEST_F(Screens, ListSmall) {
  expect_list("list_40x8", {40, 8});
}
TEST_F(Screens, ListOfLongNames) {
  seen.maps[1].name = "a-name-that-takes-more-than-its-share-of-the-screen";
  expect_list("list_of_long_names_80x24", {80, 24});
}
TEST_F(Screens, ListInAscii) {
  with.unicode = false;
  expect_list("list_ascii_100x12", {100, 12});
}
TEST_F(Screens, Page80) {
  expect_page("page_80x24", "sessions", {80, 24});
}
TEST_F(Screens, Page200) {
  expect_page("page_200x50", "sessions", {200, 50});
}
TEST_F(Screens, PageSmall) {
  expect_page("page_40x8", "sessions", {40, 8});
}
TEST_F(Screens, PageInAscii) {
  with.unicode = false;
  expect_page("page_ascii_80x24", "sessions", {80, 24});
}
TEST_F(Screens, PageOfAMapWithoutDirty) {
  expect_page("page_without_dirty_80x24", "feature-flags", {80, 24});
}
TEST_F(Screens, Help) {
  chosen.help = true;
  expect_as_it_was("help_80x24", draw(seen, chosen, {80, 24}, with), {80, 24});
}

TEST_F(Screens, SayThatTheTerminalIsTooSmall) {
  EXPECT_EQ(draw(seen, chosen, {39, 24}, with)[0].text(), "terminal too small: 40x8 needed");
  EXPECT_EQ(draw(seen, chosen, {80, 7}, with)[0].text(), "terminal too small: 40x8 needed");
  EXPECT_EQ(draw(seen, chosen, {20, 2}, with)[0].text(), "terminal too small");
  EXPECT_EQ(draw(seen, chosen, {5, 1}, with)[0].text(), "term…");
}

// Whatever the size, no line is wider than the screen and none is missing.
TEST_F(Screens, FitEverySize) {
  for (std::size_t columns = 1; columns <= 240; columns += columns < 90 ? 1 : 7) {
    for (std::size_t rows = 1; rows <= 60; rows += rows < 30 ? 1 : 5) {
      for (const char* page : {"", "sessions", "gone", "broken", "feature-flags", "no such map"}) {
        chosen.page = page;
        settle(chosen, seen, list_rows({columns, rows}));
        const frame drawn = draw(seen, chosen, {columns, rows}, with);
        ASSERT_EQ(drawn.size(), rows) << columns << "x" << rows << " " << page;
        for (const line& each : drawn)
          ASSERT_LE(each.width(), columns) << columns << "x" << rows << " " << page;
      }
    }
  }
}

TEST_F(Screens, SayWhyThereIsNothingToSee) {
  seen.maps.clear();
  EXPECT_NE(text_of(draw(seen, chosen, {80, 24}, with)).find("no maps in /dev/shm"),
            std::string::npos);
  seen.complaint = "cannot list the maps of /dev/shm: No such file or directory";
  EXPECT_NE(text_of(draw(seen, chosen, {80, 24}, with)).find(seen.complaint), std::string::npos);
  chosen.page = "sessions";
  EXPECT_NE(text_of(draw(seen, chosen, {80, 24}, with)).find("no map 'sessions' any more"),
            std::string::npos);
}

TEST_F(Screens, MarkAHolderOfTheMutexThatDoesNotRun) {
  chosen.page = "sessions";
  bool seen_it = false;
  for (const line& each : draw(seen, chosen, {120, 40}, with)) {
    for (const span& part : each.spans()) {
      if (part.text.find("held by 815 importer (stopped) for 12.3 s") == std::string::npos)
        continue;
      EXPECT_EQ(part.how, look::bad);
      seen_it = true;
    }
  }
  EXPECT_TRUE(seen_it);
}

}  // namespace
}  // namespace top_test
