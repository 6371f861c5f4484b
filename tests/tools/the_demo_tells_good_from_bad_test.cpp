// The demo's own verdicts: it is content with a sound run, sees a flipped byte, and leaves nothing
// behind whichever way it ends. Alone: it fills the machine and counts on kills and readers to
// meet.
#include <tools/tool.hpp>

#include <filesystem>
#include <fstream>

namespace tools_test {
namespace {

class DemoAlone : public ::testing::Test {
 protected:
  DemoAlone() {
    std::ofstream input(files_ / "input");
    for (std::size_t i = 0; i < 3000; ++i)
      input << json{{"key", "key " + std::to_string(i)}, {"value", std::string(i % 700, 'v')}}
            << '\n';
  }

  command_result demo(std::vector<std::string> arguments,
                      std::vector<std::string> before = {}) const {
    before.push_back(std::filesystem::path(TWINMAP_CLI).replace_filename("twinmap-demo"));
    before.insert(before.end(), {"--input", (files_ / "input").string()});
    before.insert(before.end(), arguments.begin(), arguments.end());
    return test_support::run_command(before,
                                     {.environment = {"TWINMAP_DIR=" + maps_.path().string()}});
  }

  void expect_nothing_left() const { EXPECT_TRUE(std::filesystem::is_empty(maps_.path())); }

  test_support::scoped_directory files_;
  test_support::scoped_directory maps_;
};

TEST_F(DemoAlone, IsContentWithASoundRun) {
  const command_result result = demo({"--seconds", "4"});
  EXPECT_EQ(result.exit, 0) << result.out << result.err;
  EXPECT_NE(result.out.find("All is well."), std::string::npos) << result.out;
  EXPECT_NE(result.out.find(" 0 findings"), std::string::npos) << result.out;
#ifdef TWINMAPD
  EXPECT_NE(result.out.find("killed 1, adopted the map 2 times"), std::string::npos) << result.out;
#endif
  expect_nothing_left();
}

TEST_F(DemoAlone, GoesOnWithoutADaemon) {
  const command_result nowhere = demo({"--seconds", "4", "--daemon", "/no/such/twinmapd"});
  EXPECT_EQ(nowhere.exit, 0) << nowhere.out << nowhere.err;
  EXPECT_NE(nowhere.err.find("no daemon: /no/such/twinmapd"), std::string::npos) << nowhere.err;
  EXPECT_NE(nowhere.out.find("daemon  none: clients promoted"), std::string::npos) << nowhere.out;
  const command_result useless = demo({"--seconds", "1", "--daemon", "/bin/false"});
  // Too short a run for its verdict, which wants a kill to land in an operation.
  EXPECT_NE(useless.out.find("daemon  none: clients promoted"), std::string::npos) << useless.out;
  EXPECT_NE(useless.err.find("no daemon: /bin/false did not adopt"), std::string::npos)
      << useless.err;
  expect_nothing_left();
}

#ifdef TWINMAPD
TEST_F(DemoAlone, IsNotContentWithADaemonThatEndsByItself) {
  const auto program = files_ / "twinmapd";
  std::ofstream(program) << "#!/bin/sh\n(sleep 1; kill -9 $$) &\nexec " TWINMAPD " \"$@\"\n";
  std::filesystem::permissions(program, std::filesystem::perms(0700));
  const command_result result = demo({"--seconds", "5", "--daemon", program.string()});
  EXPECT_EQ(result.exit, 1) << result.out;
  EXPECT_NE(result.err.find("the daemon ended before its time"), std::string::npos) << result.err;
  expect_nothing_left();
}
#endif

TEST_F(DemoAlone, FindsTheByteThatItFlipped) {
  const command_result result = demo({"--seconds", "3", "--corrupt"});
  EXPECT_EQ(result.exit, 1) << result.err;
  EXPECT_NE(result.out.find("was found, as it must be"), std::string::npos) << result.out;
  EXPECT_NE(result.err.find("its checksum is wrong"), std::string::npos) << result.err;
  expect_nothing_left();
}

TEST_F(DemoAlone, LeavesNothingBehindWhenInterrupted) {
  const command_result result =
      demo({"--seconds", "60"}, {"timeout", "--preserve-status", "--signal=INT", "2"});
  EXPECT_EQ(result.exit, 130) << result.err;
  expect_nothing_left();
}

TEST_F(DemoAlone, SaysWhichLineOfTheInputIsWrong) {
  std::ofstream(files_ / "input", std::ios::app) << "{\"key\": 1\n";
  const command_result result = demo({});
  EXPECT_EQ(result.exit, 1);
  EXPECT_NE(result.err.find("input:3001"), std::string::npos) << result.err;
  expect_nothing_left();
}

}  // namespace
}  // namespace tools_test
