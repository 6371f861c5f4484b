#include <gtest/gtest.h>
#include <support/terminal.hpp>

#include <csignal>

namespace test_support {
namespace {

using lines = std::vector<std::string>;

TEST(ScreenImage, PutsTextWhereTheCursorWasSent) {
  screen_image image(10, 3);
  image.feed("one\r\ntwo\x1b[3;5Hx\x1b[1;1H\x1b[1;32mO\x1b[m");
  EXPECT_EQ(image.lines(), (lines{"One", "two", "    x"}));
}

TEST(ScreenImage, KeepsCharactersOfSeveralBytesTogether) {
  screen_image image(4, 1);
  image.feed("\xe2\x96\x81\xe2\x96\x88z");
  EXPECT_EQ(image.lines(), (lines{"\xe2\x96\x81\xe2\x96\x88z"}));
}

TEST(ScreenImage, ErasesAndScrolls) {
  screen_image image(5, 2);
  image.feed("abcde\x1b[1;3H\x1b[K");
  EXPECT_EQ(image.lines(), (lines{"ab", ""}));
  image.feed("\x1b[2;1Hsecnd\n");
  EXPECT_EQ(image.lines(), (lines{"secnd", ""}));
  image.feed("\x1b[H\x1b[J");
  EXPECT_EQ(image.lines(), (lines{"", ""}));
}

TEST(Terminal, TypesAndReads) {
  terminal shell({"sh", "-c", "test -t 0 && stty size; read line; echo \"got $line\"; exit 7"}, 30,
                 5);
  EXPECT_TRUE(shell.shows("5 30")) << shell.text();
  shell.type("keys\r");
  EXPECT_TRUE(shell.shows("got keys")) << shell.text();
  EXPECT_EQ(shell.wait(), 7);
}

TEST(Terminal, TellsWhichSignalEndedTheProgram) {
  terminal sleeper({"sleep", "60"}, 30, 5);
  EXPECT_FALSE(sleeper.shows("anything", std::chrono::milliseconds(50)));
  sleeper.kill(SIGTERM);
  EXPECT_EQ(sleeper.wait(), 128 + SIGTERM);
}

}  // namespace
}  // namespace test_support
