// What programs read: every verb with --json, held against schemas.json. The daemon's verbs are in
// the_daemons_answers_become_exit_codes_test.cpp.
#include <tools/schema.hpp>
#include <tools/tool.hpp>

#include <sstream>

namespace tools_test {
namespace {

class json_of_verbs : public tool {
 protected:
  void SetUp() override {
    must({"create", "m", "--key", "string", "--value", "bytes", "--max-bytes", "16M"});
    must({"set", "m", "plain", "value"});
    must({"set", "m", "ff00", "ff", "--key-as", "hex", "--value-as", "hex"});
    must({"set", "m", "gone", "value"});
    must({"del", "m", "gone"});
  }

  void fits(const words& verb, const json& schema) const {
    const json value = parsed(verb);
    EXPECT_EQ(known_.complaint(value, schema), "") << verb[0];
    EXPECT_FALSE(value.is_array() && value.empty()) << verb[0] << ": says nothing about its form";
  }

  const schemas known_;
};

TEST_F(json_of_verbs, ThatShowOneThing) {
  fits({"info", "m"}, "map_info");
  fits({"create", "n", "--key", "u64", "--value", "u64", "--max-bytes", "1M"}, "map_info");
  fits({"stat", "m"}, "map_stats");
  fits({"get", "m", "plain"}, "record");
  fits({"incr", "n", "1"}, "record");
  fits({"check", "m"}, "check_report");
  fits({"sweep", "m"}, "sweep_report");
  fits({"promote", "m"}, "promoted");
  fits({"version"}, "version");
}

TEST_F(json_of_verbs, ThatShowAList) {
  fits({"ls"}, json::array({"map_info"}));
  fits({"scan", "m"}, json::array({"record"}));
  fits({"slots", "m"}, json::array({"slot_info"}));
  fits({"stat", "m", "-i", "0.01", "-n", "2"}, json::array({"map_stats"}));
  fits({"doctor"}, json::array({"finding"}));
  EXPECT_EQ(known_.complaint(parsed({"writers", "m"}), json::array({"writer_info"})), "");
}

TEST_F(json_of_verbs, OfDumpIsARecordALineWhateverIsAskedFor) {
  for (const words& verb :
       {words{"dump", "m"}, {"dump", "m", "--json"}, {"dump", "m", "-o", "jsonl"}}) {
    std::istringstream lines(output(verb));
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count)
      EXPECT_EQ(known_.complaint(json::parse(line), "record"), "") << line;
    EXPECT_EQ(count, 2);
  }
}

TEST_F(json_of_verbs, OfRestoreTellsWhatItDid) {
  const command_result result = run({"restore", "m", "--json"}, R"({"key":"k","value":"v"})");
  EXPECT_EQ(result.exit, 0) << result.err;
  const json report = json::parse(result.out);
  EXPECT_EQ(known_.complaint(report, "restored"), "");
  EXPECT_EQ(report["stored"], 1);
}

TEST_F(json_of_verbs, IsHeldAgainstSchemasThatCanFail) {
  EXPECT_NE(known_.complaint(json::object(), "record"), "") << "a field is missing";
  EXPECT_NE(known_.complaint({{"key", 1}, {"value", 2}, {"more", 3}}, "record"), "");
  EXPECT_NE(known_.complaint({{"key", json::array()}, {"value", 2}}, "record"), "");
  EXPECT_NE(known_.complaint({{"stored", -1}, {"kept", 0}}, "restored"), "");
  EXPECT_NE(known_.complaint(json::object(), json::array({"record"})), "");
}

}  // namespace
}  // namespace tools_test
