// The script of `completion bash`, sourced by a bash and asked as bash asks it.
#include <tools/tool.hpp>

#include <algorithm>
#include <sstream>

namespace tools_test {
namespace {

class completion : public tool {
 protected:
  // What bash would offer for the last word.
  std::vector<std::string> offered(const words& typed,
                                   const std::string& directory_variable = {}) const {
    std::string line = "COMP_WORDS=(twinmap";
    for (const std::string& word : typed)
      line += " '" + word + "'";
    const std::string script = "set -u; unset TWINMAP_DIR; " + directory_variable + " source <('" +
                               TWINMAP_CLI + "' completion bash); " + line +
                               "); COMP_CWORD=" + std::to_string(typed.size()) +
                               "; $(complete -p twinmap | sed 's/.*-F \\([^ ]*\\) .*/\\1/'); "
                               "printf '%s\\n' \"${COMPREPLY[@]}\"";
    const command_result result =
        test_support::run_command({"bash", "--norc", "--noprofile", "-c", script});
    EXPECT_EQ(result.exit, 0) << result.err;
    EXPECT_EQ(result.err, "");
    std::vector<std::string> all;
    std::istringstream lines(result.out);
    for (std::string each; std::getline(lines, each);)
      if (!each.empty()) all.push_back(each);
    std::sort(all.begin(), all.end());
    return all;
  }
  using words_offered = std::vector<std::string>;
};

TEST_F(completion, OfVerbs) {
  EXPECT_EQ(offered({"sc"}), (words_offered{"scan"}));
  EXPECT_EQ(offered({"--json", "-o", "table", "re"}), (words_offered{"restore"}));
  const words_offered all = offered({""});
  for (const std::string verb :
       {"ls",    "info",    "create", "rm",      "get",    "set",        "del",
        "incr",  "scan",    "dump",   "restore", "stat",   "slots",      "writers",
        "check", "promote", "sweep",  "doctor",  "daemon", "completion", "version"})
    EXPECT_NE(std::find(all.begin(), all.end(), verb), all.end()) << verb;
}

TEST_F(completion, OfMaps) {
  must({"create", "alpha", "--key", "u8", "--value", "u8", "--max-bytes", "1M"});
  must({"create", "alp-2", "--key", "u8", "--value", "u8", "--max-bytes", "1M"});
  must({"create", "beta", "--key", "u8", "--value", "u8", "--max-bytes", "1M"});
  const std::string here = "export TWINMAP_DIR='" + directory() + "';";
  EXPECT_EQ(offered({"get", ""}, here), (words_offered{"alp-2", "alpha", "beta"}));
  EXPECT_EQ(offered({"dump", "al"}, here), (words_offered{"alp-2", "alpha"}));
  EXPECT_EQ(offered({"--dir", directory(), "info", "b"}), (words_offered{"beta"}));
  EXPECT_EQ(offered({"--dir", "=", directory(), "rm", "b"}), (words_offered{"beta"}));
  EXPECT_EQ(offered({"scan", "--limit", "3", "b"}, here), (words_offered{"beta"}));
  EXPECT_EQ(offered({"get", "alpha", ""}, here), words_offered{}) << "a key is not guessed";
  EXPECT_EQ(offered({"create", ""}, here), words_offered{}) << "a new map has a new name";
  EXPECT_EQ(offered({"ls", ""}, here), words_offered{});
}

TEST_F(completion, OfOptionsAndTheirValues) {
  EXPECT_EQ(offered({"scan", "--ma"}), (words_offered{"--match"}));
  EXPECT_EQ(offered({"--no-"}), (words_offered{"--no-headers"})) << "before there is a verb";
  EXPECT_EQ(offered({"set", "m", "k", "v", "--if-"}), (words_offered{"--if-absent", "--if-equal"}));
  EXPECT_EQ(offered({"ls", "-o", ""}), (words_offered{"json", "jsonl", "table"}));
  EXPECT_EQ(offered({"get", "--key-as", "b"}), (words_offered{"b64"}));
  EXPECT_EQ(offered({"create", "m", "--value", "f"}), (words_offered{"f32", "f64"}));
  EXPECT_EQ(offered({"daemon", ""}), (words_offered{"ping", "reload", "status"}));
  EXPECT_EQ(offered({"completion", ""}), (words_offered{"bash"}));
  EXPECT_EQ(offered({"scan", "--limit", ""}), words_offered{}) << "a number is not guessed";
}

TEST_F(completion, IsForBashOnly) {
  EXPECT_EQ(run({"completion", "zsh"}).exit, 2);
  EXPECT_EQ(run({"completion"}).exit, 2);
}

}  // namespace
}  // namespace tools_test
