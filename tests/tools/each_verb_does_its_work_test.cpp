// Each verb once, the way its line of the help reads.
#include <tools/tool.hpp>

#include <algorithm>
#include <filesystem>

namespace tools_test {
namespace {

using verbs = tool;

TEST_F(verbs, CreateMakesAMapOfTheTypesAndLimitsNamed) {
  must({"create", "m", "--key", "string", "--value", "u64", "--max-bytes", "8M", "--mode", "0640"});
  const json info = parsed({"info", "m"});
  EXPECT_EQ(info["key_type"], "string");
  EXPECT_EQ(info["value_type"], "u64");
  EXPECT_EQ(info["bytes_max"], 8u << 20);
  EXPECT_EQ(info["mode"], "0640");
  EXPECT_EQ(static_cast<unsigned>(std::filesystem::status(segment("m")).permissions()), 0640u);
}

TEST_F(verbs, LsListsTheMapsOfTheDirectory) {
  EXPECT_EQ(output({"ls", "--no-headers"}), "");
  must({"create", "beta", "--key", "u32", "--value", "bytes"});
  must({"create", "alpha", "--key", "string", "--value", "string"});
  const json maps = parsed({"ls"});
  ASSERT_EQ(maps.size(), 2u);
  EXPECT_EQ(maps[0]["name"], "alpha");
  EXPECT_EQ(maps[1]["name"], "beta");
  EXPECT_EQ(output({"ls"}).rfind("NAME", 0), 0u);
}

TEST_F(verbs, SetGetAndDelWorkOnOneKey) {
  must({"create", "m", "--key", "string", "--value", "string"});
  must({"set", "m", "k", "first"});
  must({"set", "m", "k", "second"});
  EXPECT_EQ(output({"get", "m", "k"}), "second") << "exact bytes, no newline into a pipe";
  must({"del", "m", "k"});
  EXPECT_EQ(run({"get", "m", "k"}).exit, 3);
}

TEST_F(verbs, SetReadsStdinToTheLastByte) {
  must({"create", "m", "--key", "string", "--value", "bytes"});
  std::string bytes("\0\n\xff tail\n", 9);
  for (int doubling = 0; doubling < 15; ++doubling)
    bytes += bytes;
  must({"set", "m", "k", "-"}, bytes);
  EXPECT_EQ(output({"get", "m", "k"}), bytes);
}

TEST_F(verbs, IncrAddsInOneStepAndShowsTheSum) {
  must({"create", "m", "--key", "string", "--value", "i32"});
  EXPECT_EQ(output({"incr", "m", "n"}), "1\n");
  EXPECT_EQ(output({"incr", "m", "n", "41"}), "42\n");
  EXPECT_EQ(output({"incr", "m", "n", "-2147483648"}), "-2147483606\n");
  EXPECT_EQ(output({"incr", "m", "n", "-43"}), "2147483647\n") << "integers wrap";
  EXPECT_EQ(parsed({"incr", "m", "n"})["value"], -2147483648LL);
}

TEST_F(verbs, StatShowsEveryCounterOnceOrAtIntervals) {
  must({"create", "m", "--key", "u64", "--value", "u64"});
  must({"set", "m", "1", "1"});
  const json stats = parsed({"stat", "m"});
  EXPECT_EQ(stats["inserts"], 1);
  EXPECT_EQ(stats["entries"], 1);
  EXPECT_EQ(stats["entries_live"], 1);
  EXPECT_EQ(parsed({"stat", "m", "-i", "0.01", "-n", "3"}).size(), 3u);
  const std::string table = output({"stat", "m", "-i", "0.01", "-n", "2"});
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 3) << table;
}

TEST_F(verbs, CheckFindsNothingInASoundMap) {
  must({"create", "m", "--key", "string", "--value", "string"});
  must({"set", "m", "k", std::string(1000, 'v')});
  const json report = parsed({"check", "m"});
  EXPECT_EQ(report["live"], 1);
  EXPECT_TRUE(report["findings"].empty()) << report;
}

TEST_F(verbs, SweepTellsWhatItTookBack) {
  must({"create", "m", "--key", "string", "--value", "string"});
  const json report = parsed({"sweep", "m"});
  EXPECT_TRUE(report.contains("blocks_freed"));
  EXPECT_EQ(report["size_corrected"], 0);
}

TEST_F(verbs, RmFreesTheName) {
  must({"create", "m", "--key", "u64", "--value", "u64"});
  must({"rm", "m"});
  EXPECT_TRUE(std::filesystem::is_empty(directory()));
  must({"create", "m", "--key", "string", "--value", "string"});
}

TEST_F(verbs, VersionNamesTheProgram) {
  EXPECT_EQ(output({"version"}).rfind("twinmap ", 0), 0u);
  EXPECT_TRUE(parsed({"version"})["version"].is_string());
}

TEST_F(verbs, TwoDashesEndTheOptions) {
  must({"create", "m", "--key", "string", "--value", "i64"});
  must({"set", "m", "--", "--json", "-5"});
  EXPECT_EQ(output({"get", "m", "--", "--json"}), "-5");
}

TEST_F(verbs, KeysMayLookLikeVerbsOrBrackets) {
  must({"create", "m", "--key", "string", "--value", "string"});
  for (const std::string key : {"get", "ls", "{}", "[a,b]", "%%", ""}) {
    must({"set", "m", key, key + "!"});
    EXPECT_EQ(output({"get", "m", key}), key + "!");
  }
}

}  // namespace
}  // namespace tools_test
