// dump, restore, check and sweep tell a person at a terminal how far they are, and nobody else.
#include <tools/terminal.hpp>
#include <tools/tool.hpp>

#include <algorithm>
#include <sstream>

namespace tools_test {
namespace {

class bars : public tool {
 protected:
  void SetUp() override {
    must({"create", "m", "--key", "u32", "--value", "string", "--max-bytes", "64M"});
    std::string lines;
    for (int i = 0; i < 2000; ++i)
      lines += json{{"key", i}, {"value", "value " + std::to_string(i)}}.dump() + "\n";
    ASSERT_EQ(run({"restore", "m"}, lines).exit, 0);
    must({"dump", "m", "-f", file()});
  }

  std::string file() const { return directory() + "/dump"; }
  const std::vector<words> verbs() const {
    return {{"dump", "m", "-f", file()},
            {"restore", "m", "-f", file()},
            {"check", "m"},
            {"sweep", "m"}};
  }

  terminal_result on_terminal(const words& verb, terminal_options options = {}) const {
    words argv{TWINMAP_CLI, "--dir", directory()};
    argv.insert(argv.end(), verb.begin(), verb.end());
    return run_on_terminal(argv, options);
  }
};

TEST_F(bars, AreDrawnOnATerminal) {
  for (const words& verb : verbs()) {
    const terminal_result result = on_terminal(verb, {.stdout_elsewhere = true});
    EXPECT_EQ(result.exit, 0) << result.screen;
    EXPECT_EQ(result.screen.find("\r" + verb[0] + " m [>"), 0u)
        << "begins empty: " << result.screen;
    EXPECT_NE(result.screen.find("=] 100 %"), std::string::npos) << "ends full: " << result.screen;
    EXPECT_EQ(result.screen.substr(result.screen.size() - 2), "\r\n") << result.screen;
  }
}

TEST_F(bars, CountWhatWasDone) {
  for (const words& verb : {verbs()[0], verbs()[1]})
    EXPECT_NE(on_terminal(verb).screen.find(" 2000 keys"), std::string::npos) << verb[0];
}

TEST_F(bars, FitTheTerminal) {
  for (const unsigned short columns : std::initializer_list<unsigned short>{20, 40, 80, 200}) {
    std::istringstream drawn(on_terminal(verbs()[0], {.columns = columns}).screen);
    for (std::string line; std::getline(drawn, line, '\r');) {
      line.erase(std::remove(line.begin(), line.end(), '\n'), line.end());
      if (const std::size_t code = line.find("\x1b[K"); code != std::string::npos) line.erase(code);
      EXPECT_LT(line.size(), columns) << line;
    }
  }
}

TEST_F(bars, AreNotDrawnElsewhere) {
  for (const words& verb : verbs()) {
    EXPECT_EQ(run(verb).err, "") << verb[0];
    words quietly = verb;
    quietly.push_back("-q");
    const terminal_result result = on_terminal(quietly, {.stdout_elsewhere = true});
    EXPECT_EQ(result.exit, 0);
    EXPECT_EQ(result.screen, "") << verb[0];
  }
  const std::string screen = on_terminal({"dump", "m"}).screen;
  EXPECT_EQ(screen.find('%'), std::string::npos) << "the data itself scrolls there";
}

TEST_F(bars, LeaveTheirLineToAFailure) {
  const std::string broken = directory() + "/broken";
  ASSERT_EQ(
      test_support::run_command({"sh", "-c", "(head -n 3 " + file() + "; echo x) >" + broken}).exit,
      0);
  const terminal_result result = on_terminal({"restore", "m", "-f", broken});
  EXPECT_EQ(result.exit, 1);
  EXPECT_NE(result.screen.find("\r\ntwinmap: " + broken + ":4:"), std::string::npos)
      << result.screen;
}

}  // namespace
}  // namespace tools_test
