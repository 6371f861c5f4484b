// twinmap top as it is used: on a terminal, with maps under load, keys pressed, and without one.
#include <signal.h>
#include <termios.h>
#include <support/child.hpp>
#include <support/terminal.hpp>
#include <tools/tool.hpp>
#include <twinmap/map.hpp>

#include <chrono>
#include <thread>

namespace tools_test {
namespace {

using namespace std::chrono_literals;
using test_support::terminal;

const std::string escape = "\x1b";
const std::string arrow_down = "\x1bOB";

class top : public tool {
 protected:
  top() {
    must({"create", "busy", "--key", "u64", "--value", "u64"});
    must({"create", "idle", "--key", "string", "--value", "bytes"});
  }

  /// Reads and writes without end.
  test_support::child load() const {
    return test_support::child([where = directory()] {
      twinmap::map<std::uint64_t, std::uint64_t> map(twinmap::open_only, "busy",
                                                     {.directory = where});
      for (std::uint64_t n = 0;; ++n) {
        map.store(n % 1000, n);
        for (std::uint64_t i = 0; i < 20; ++i)
          static_cast<void>(map.load(i));
        if (n % 50 == 0) std::this_thread::sleep_for(2ms);
      }
    });
  }

  terminal start(std::size_t columns, std::size_t rows, std::vector<std::string> more = {}) const {
    std::vector<std::string> argv{TWINMAP_CLI, "--dir", directory(), "top", "-i", "0.2"};
    argv.insert(argv.end(), more.begin(), more.end());
    return terminal(argv, columns, rows);
  }

  /// The words of the line that begins with this name.
  static words row_of(terminal& seen, const std::string& name) {
    for (const std::string& line : seen.lines()) {
      std::istringstream in(line);
      words found{std::istream_iterator<std::string>(in), {}};
      if (!found.empty() && found[0] == name) return found;
    }
    return {};
  }
};

class on_a_screen : public top,
                    public ::testing::WithParamInterface<std::pair<std::size_t, std::size_t>> {};

TEST_P(on_a_screen, ShowsLoadAndAnswersKeys) {
  const auto [columns, rows] = GetParam();
  const test_support::child worker = load();
  terminal seen = start(columns, rows);
  ASSERT_TRUE(seen.shows("busy")) << seen.text();
  ASSERT_TRUE(seen.shows("2 maps")) << seen.text();
  for (const char* heading : {"READS", "WRITE", "MISS", "PROM", "LIVE", "NIL", "FREE", "USED"})
    EXPECT_TRUE(seen.shows(heading)) << heading << '\n' << seen.text();
  const auto works = [&] {
    const words row = row_of(seen, "busy");
    const words other = row_of(seen, "idle");
    return row.size() > 6 && row[1] != "-" && row[1] != "0" && row[2] != "0" && row[6] != "0" &&
           other.size() > 6 && other[1] != "-";
  };
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (!works() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(50ms);
  EXPECT_TRUE(works()) << seen.text();
  const words idle = row_of(seen, "idle");
  ASSERT_GT(idle.size(), 6u) << seen.text();
  EXPECT_EQ(idle[1], "0");
  EXPECT_EQ(seen.lines().size(), rows);

  const auto order = [&] {
    const std::string text = seen.text();
    return text.find("\n busy") < text.find("\n idle");
  };
  EXPECT_TRUE(order()) << "most reads first\n" << seen.text();
  seen.type("r");
  std::this_thread::sleep_for(100ms);
  EXPECT_TRUE(seen.shows("\u25b2READS")) << seen.text();
  EXPECT_FALSE(order()) << seen.text();
  seen.type("<r");
  EXPECT_TRUE(seen.shows("NAME\u25b2")) << seen.text();

  seen.type("/bus\r");
  EXPECT_TRUE(seen.shows("1 of 2 maps")) << seen.text();
  seen.type("\r");
  EXPECT_TRUE(seen.shows("entry slots")) << seen.text();
  for (const char* part : {"read", "dirty", "generation", "reads/s", "writes/s", "misses/s",
                           "promotions/s", "memory", "u64 \u2192 u64", "writers 1 of 256"})
    EXPECT_TRUE(seen.shows(part)) << part << '\n' << seen.text();
  EXPECT_TRUE(seen.shows("\u2588")) << "a sparkline has a highest value\n" << seen.text();
  seen.type(escape);
  EXPECT_TRUE(seen.shows("NAME")) << seen.text();
  seen.type(escape);
  EXPECT_TRUE(seen.shows("2 maps")) << seen.text();
  seen.type("q");
  EXPECT_EQ(seen.wait(), 0);
}

INSTANTIATE_TEST_SUITE_P(sizes, on_a_screen,
                         ::testing::Values(std::pair{80, 24}, std::pair{200, 50}),
                         [](const auto& size) {
                           return std::to_string(size.param.first) + "x" +
                                  std::to_string(size.param.second);
                         });

TEST_F(top, FollowsTheTerminalsSize) {
  terminal seen = start(80, 24);
  ASSERT_TRUE(seen.shows("idle"));
  seen.resize(30, 6);
  EXPECT_TRUE(seen.shows("terminal too small")) << seen.text();
  seen.resize(200, 50);
  EXPECT_TRUE(seen.shows("COMMITTED")) << seen.text();
  EXPECT_TRUE(seen.shows(" q quit")) << seen.text();  // the last of what is drawn
  EXPECT_EQ(seen.lines().back().substr(0, 7), " q quit") << seen.text();
}

TEST_F(top, PausesAndHelps) {
  terminal seen = start(80, 24);
  ASSERT_TRUE(seen.shows("idle"));
  seen.type("?");
  EXPECT_TRUE(seen.shows("reverse the order")) << seen.text();
  seen.type(" ");
  seen.type("x");
  EXPECT_TRUE(seen.shows("PAUSED")) << seen.text();
  must({"create", "late", "--key", "u64", "--value", "u64"});
  EXPECT_FALSE(seen.shows("late", 600ms)) << seen.text();
  seen.type("p");
  EXPECT_TRUE(seen.shows("late")) << seen.text();
}

TEST_F(top, SeesMapsComeGoAndComeBack) {
  terminal seen = start(80, 24);
  ASSERT_TRUE(seen.shows("idle"));
  must({"rm", "idle"});
  EXPECT_TRUE(seen.shows("removed")) << seen.text();
  must({"create", "idle", "--key", "u64", "--value", "u64"});
  EXPECT_TRUE(seen.hides("removed")) << seen.text();
  EXPECT_TRUE(seen.shows("idle")) << seen.text();
}

TEST_F(top, GivesTheTerminalBackWhicheverWayItEnds) {
  const std::pair<int, int> endings[] = {
      {SIGTERM, 128 + SIGTERM}, {SIGINT, 0}, {SIGHUP, 128 + SIGHUP}};
  for (const auto& [signal, code] : endings) {
    terminal seen = start(80, 24);
    ASSERT_TRUE(seen.shows("idle"));
    seen.kill(signal);
    EXPECT_EQ(seen.wait(), code) << signal;
    // The last thing that ncurses does: the cursor to the last line, the screen as it was.
    EXPECT_NE(seen.sent().rfind("\x1b[24;1H"), std::string::npos) << signal;
  }
  // A shell that looks at its terminal afterwards: echo and line mode are there again.
  terminal shell({"sh", "-c",
                  "trap : INT; " + std::string(TWINMAP_CLI) + " --dir " + directory() +
                      " top; echo ended $?; stty -a | tr ' ' '\\n' | grep -cx -e icanon -e echo"},
                 80, 24);
  ASSERT_TRUE(shell.shows("idle"));
  shell.type("\x03");
  EXPECT_TRUE(shell.shows("ended 0")) << shell.text();
  EXPECT_EQ(shell.wait(), 0);
  EXPECT_TRUE(shell.shows("2", 1s)) << shell.text();
}

TEST_F(top, DrawsInAsciiWhereTheLocaleIsNotUtf8) {
  const test_support::child worker = load();
  terminal seen({TWINMAP_CLI, "--dir", directory(), "top", "-i", "0.2"}, 80, 24, {"LC_ALL=C"});
  ASSERT_TRUE(seen.shows("busy"));
  seen.type("\r");
  ASSERT_TRUE(seen.shows("entry slots"));
  for (const char byte : seen.text())
    ASSERT_GT(byte, 0) << seen.text();
}

TEST_F(top, SaysThatTheTerminalIsUnknown) {
  terminal seen({TWINMAP_CLI, "--dir", directory(), "top"}, 80, 24, {"TERM=no-such-terminal"});
  EXPECT_EQ(seen.wait(), 1);
  EXPECT_TRUE(seen.shows("no-such-terminal", 1s)) << seen.text();
}

TEST_F(top, PrintsATableWithoutATerminal) {
  const test_support::child worker = load();
  const std::string text = output({"top", "-i", "0.3"});
  std::istringstream in(text);
  std::string heading, busy, idle, more;
  std::getline(in, heading);
  std::getline(in, busy);
  std::getline(in, idle);
  EXPECT_FALSE(std::getline(in, more)) << text;
  EXPECT_EQ(heading.rfind("NAME ", 0), 0u) << text;
  EXPECT_EQ(busy.rfind("busy ", 0), 0u) << text;
  EXPECT_EQ(idle.rfind("idle ", 0), 0u) << text;
}

TEST_F(top, PrintsSnapshotsAsJson) {
  const test_support::child worker = load();
  std::this_thread::sleep_for(200ms);
  const json rows = parsed({"top", "-i", "0.3", "-n", "2"});
  ASSERT_EQ(rows.size(), 4u) << rows.dump(1);
  for (const json& row : rows) {
    EXPECT_EQ(row["error"], "");
    EXPECT_EQ(row["retired"], false);
    EXPECT_TRUE(row["amended"].is_boolean());
    EXPECT_EQ(row["bytes_max"], 1u << 30);
    for (const char* field : {"entries_live", "entries_nil", "entries_expunged", "entries_free",
                              "bytes_used", "bytes_committed", "writers", "promotions"})
      EXPECT_TRUE(row[field].is_number_unsigned()) << field;
    const bool busy = row["name"] == "busy";
    EXPECT_EQ(row["writes_per_second"] > 0, busy) << row.dump(1);
    EXPECT_EQ(row["reads_per_second"] > 0, busy) << row.dump(1);
    EXPECT_EQ(row["entries"] > 0, busy);
  }
  EXPECT_GT(rows[2]["at"], rows[0]["at"]);
}

TEST_F(top, RefusesWhatItCannotDo) {
  EXPECT_EQ(run({"top", "-i", "0"}).exit, 2);
  EXPECT_EQ(run({"top", "-n", "0"}).exit, 2);
  const auto nowhere = test_support::run_command({TWINMAP_CLI, "--dir", "/no/such/place", "top"});
  EXPECT_EQ(nowhere.exit, 3) << nowhere.err;
}

}  // namespace
}  // namespace tools_test
