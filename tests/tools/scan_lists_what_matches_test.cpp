// scan: all keys or those of a pattern, as many as asked for.
#include <tools/tool.hpp>

#include <algorithm>

namespace tools_test {
namespace {

class scans : public tool {
 protected:
  std::vector<std::string> matching(const std::string& map, const std::string& pattern) const {
    std::vector<std::string> found;
    for (const json& each : parsed({"scan", map, "--match", pattern}))
      found.push_back(each["key"].is_string() ? each["key"].get<std::string>()
                                              : each["key"].dump());
    std::sort(found.begin(), found.end());
    return found;
  }
  using keys = std::vector<std::string>;
};

TEST_F(scans, KeysByPattern) {
  must({"create", "m", "--key", "string", "--value", "u8", "--max-bytes", "4M"});
  for (const std::string key :
       {"user:1", "user:22", "team:1", "a*b", "añb", "axb", "[x]", "two\nlines"})
    must({"set", "m", key, "1"});
  EXPECT_EQ(matching("m", "user:*"), (keys{"user:1", "user:22"}));
  EXPECT_EQ(matching("m", "user:?"), (keys{"user:1"}));
  EXPECT_EQ(matching("m", "*:1"), (keys{"team:1", "user:1"}));
  EXPECT_EQ(matching("m", "a?b"), (keys{"a*b", "axb", "añb"})) << "? is a character, not a byte";
  EXPECT_EQ(matching("m", "a\\*b"), (keys{"a*b"}));
  EXPECT_EQ(matching("m", "a[a-z]b"), (keys{"axb"}));
  EXPECT_EQ(matching("m", "a[!a-z]b"), (keys{"a*b", "añb"}));
  EXPECT_EQ(matching("m", "a[ñ*]b"), (keys{"a*b", "añb"}));
  EXPECT_EQ(matching("m", "[[]x]"), (keys{"[x]"}));
  EXPECT_EQ(matching("m", "[x"), keys{}) << "a set without an end is none";
  EXPECT_EQ(matching("m", "two*"), (keys{"two\nlines"}));
  EXPECT_EQ(matching("m", "*").size(), 8u);
  EXPECT_EQ(matching("m", ""), keys{});
}

TEST_F(scans, PatternsOfNumbersAreOverTheirDigits) {
  must({"create", "m", "--key", "u32", "--value", "u8", "--max-bytes", "4M"});
  for (const std::string key : {"1", "12", "21"})
    must({"set", "m", key, "1"});
  EXPECT_EQ(matching("m", "1*"), (keys{"1", "12"}));
}

TEST_F(scans, PatternsSeeBeyondAZeroByte) {
  must({"create", "m", "--key", "bytes", "--value", "u8", "--max-bytes", "4M"});
  must({"set", "m", "610062ff", "1", "--key-as", "hex"});
  EXPECT_EQ(parsed({"scan", "m", "--match", "a*b?"}).size(), 1u);
  EXPECT_EQ(parsed({"scan", "m", "--match", "a"}).size(), 0u);
  EXPECT_EQ(parsed({"scan", "m", "--match", "61*", "--key-as", "hex"}).size(), 1u);
}

TEST_F(scans, NoMoreThanTheLimit) {
  must({"create", "m", "--key", "u32", "--value", "u32", "--max-bytes", "4M"});
  std::string lines;
  for (int i = 0; i < 100; ++i)
    lines += json{{"key", i}, {"value", i}}.dump() + "\n";
  ASSERT_EQ(run({"restore", "m"}, lines).exit, 0);
  EXPECT_EQ(parsed({"scan", "m"}).size(), 100u);
  EXPECT_EQ(parsed({"scan", "m", "--limit", "7"}).size(), 7u);
  EXPECT_EQ(parsed({"scan", "m", "--limit", "3", "--match", "9*"}).size(), 3u);
  const std::string table = output({"scan", "m", "--limit", "1"});
  EXPECT_EQ(table.rfind("KEY", 0), 0u) << table;
  EXPECT_EQ(run({"scan", "m", "--limit", "0"}).exit, 2);
  EXPECT_EQ(run({"scan", "nowhere"}).exit, 3);
}

}  // namespace
}  // namespace tools_test
