// Exit codes as scripts rely on them: 0 to 9. What a daemon says is in
// the_daemons_answers_become_exit_codes_test.cpp. Data stays off stderr and
// messages off stdout.
#include <maps/mutex_watch.hpp>
#include <maps/raw_map.hpp>
#include <support/privilege.hpp>
#include <tools/tool.hpp>

#include <fstream>

namespace tools_test {
namespace {

class exit_codes : public tool {
 protected:
  void fails(int code, const words& arguments) const {
    const command_result result = run(arguments);
    EXPECT_EQ(result.exit, code) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_NE(result.err, "") << "a failure says why";
    words quietly = arguments;
    quietly.insert(quietly.begin(), "-q");
    EXPECT_EQ(run(quietly).exit, code);
  }
};

TEST_F(exit_codes, OneIsAnyOtherFailure) {
  const command_result result =
      test_support::run_command({"sh", "-c", std::string(TWINMAP_CLI) + " version >/dev/full"});
  EXPECT_EQ(result.exit, 1) << result.err;
}

TEST_F(exit_codes, AreGivenAlsoWhereNoMessageCanBe) {
  for (const std::string nowhere : {" 2>/dev/full", " 2>&-"}) {
    const auto exit_of = [&](const std::string& arguments) {
      return test_support::run_command(
                 {"sh", "-c", TWINMAP_CLI + (" --dir " + directory()) + arguments + nowhere})
          .exit;
    };
    EXPECT_EQ(exit_of(" info nowhere"), 3) << nowhere;
    EXPECT_EQ(exit_of(" no-such-verb"), 2) << nowhere;
    EXPECT_EQ(exit_of(" version >/dev/full"), 1) << nowhere;
  }
}

TEST_F(exit_codes, TwoIsUsage) {
  must({"create", "m", "--key", "string", "--value", "u64"});
  fails(2, {});
  fails(2, {"peek", "m"});
  fails(2, {"get", "m"});
  fails(2, {"get", "m", "k", "--no-such-option"});
  fails(2, {"set", "m", "k", "12x"});
  fails(2, {"set", "m", "k", "1", "--if-absent", "--if-equal", "2"});
  fails(2, {"create", "a/b", "--key", "u64", "--value", "u64"});
  fails(2, {"create", "n", "--key", "u64", "--value", "u64", "--max-bytes", "many"});
  fails(2, {"create", "n", "--key", "f64", "--value", "u64"});
  EXPECT_EQ(run({"ls", "-o", "xml"}).exit, 2);
}

TEST_F(exit_codes, ThreeIsNoSuchMapOrKey) {
  must({"create", "m", "--key", "string", "--value", "u64"});
  fails(3, {"get", "nowhere", "k"});
  fails(3, {"get", "m", "k"});
  fails(3, {"del", "m", "k"});
  fails(3, {"rm", "nowhere"});
  for (const std::string verb :
       {"info", "scan", "dump", "restore", "stat", "slots", "writers", "check", "promote", "sweep"})
    fails(3, {verb, "nowhere"});
}

TEST_F(exit_codes, FourIsADaemonThatIsNotThere) {
  for (const std::string asked : {"ping", "status", "reload"})
    fails(4, {"--socket", directory() + "/nowhere.sock", "daemon", asked});
}

TEST_F(exit_codes, SixIsCorruptOrIncompatible) {
  must({"create", "m", "--key", "string", "--value", "string"});
  fails(6, {"incr", "m", "k"});
  std::ofstream(segment("garbage")) << std::string(1 << 20, 'g');
  fails(6, {"get", "garbage", "k"});
}

TEST_F(exit_codes, SixIsWhatCheckSaysOfADamagedMap) {
  must({"create", "m", "--key", "u64", "--value", "u64", "--max-bytes", "1M"});
  must({"set", "m", "1", "1"});
  {
    using map_type = test_maps::raw_map<std::uint64_t, std::uint64_t>;
    map_type map(test_maps::attach_mode::open_only, "m", {.directory = directory()});
    map.raw().view.header->roots.dirty.store(0);  // and read still says amended
  }
  const command_result result = run({"check", "m", "--json"});
  EXPECT_EQ(result.exit, 6) << result.err;
  EXPECT_FALSE(json::parse(result.out)["findings"].empty()) << "the report comes all the same";
}

TEST_F(exit_codes, SevenIsAMutexThatSomebodyHolds) {
  must({"create", "m", "--key", "u64", "--value", "u64", "--max-bytes", "16M"});
  using map_type = test_maps::raw_map<std::uint64_t, std::uint64_t>;
  const test_maps::raw_settings where{.directory = directory()};
  map_type seen(test_maps::attach_mode::open_read_only, "m", where);
  test_support::child holder([&] {
    map_type own(test_maps::attach_mode::open_only, "m", where);
    test_maps::insert_for_ever(own, std::uint64_t{1});
  });
  ASSERT_TRUE(test_maps::stop_with_mutex(holder, seen.raw(), true));
  const command_result result = run({"set", "m", "1", "1"});
  EXPECT_EQ(result.exit, 7) << result.err;
  EXPECT_NE(result.err.find(std::to_string(holder.pid())), std::string::npos) << result.err;
}

TEST_F(exit_codes, EightIsAConditionThatDidNotHold) {
  must({"create", "m", "--key", "string", "--value", "u64"});
  fails(8, {"create", "m", "--key", "string", "--value", "u64"});
  fails(8, {"set", "m", "k", "2", "--if-equal", "1"});
  must({"set", "m", "k", "1", "--if-absent"});
  fails(8, {"set", "m", "k", "2", "--if-absent"});
  fails(8, {"set", "m", "k", "2", "--if-equal", "3"});
  EXPECT_EQ(output({"get", "m", "k"}), "1");
  must({"set", "m", "k", "2", "--if-equal", "1"});
  EXPECT_EQ(output({"get", "m", "k"}), "2");
}

TEST_F(exit_codes, NineIsFull) {
  must({"create", "m", "--key", "string", "--value", "bytes", "--max-bytes", "2M"});
  const std::string large(300'000, 'v');
  command_result last;
  for (int key = 0; key < 10 && last.exit <= 0; ++key)
    last = run({"set", "m", std::to_string(key), "-"}, large);
  EXPECT_EQ(last.exit, 9) << last.err;
  EXPECT_EQ(output({"get", "m", "0"}), large) << "what was stored before stays";
  std::string lines;
  for (int key = 100; key < 110; ++key)
    lines += json{{"key", std::to_string(key)}, {"value", large}}.dump() + "\n";
  const command_result restored = run({"restore", "m"}, lines);
  EXPECT_EQ(restored.exit, 9) << restored.err;
  EXPECT_NE(restored.err.find("stdin:"), std::string::npos) << restored.err;
}

}  // namespace
}  // namespace tools_test
