// twinmap(1) and --help tell of the same verbs and options, and man finds nothing wrong in the
// pages.
#include <support/command.hpp>
#include <support/privilege.hpp>
#include <tools/tool.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

namespace tools_test {
namespace {

using names = std::set<std::string>;

std::string text_of(const std::string& file) {
  std::ifstream in(std::string(TWINMAP_SOURCE_DIR) + "/" + file);
  return {std::istreambuf_iterator<char>(in), {}};
}

// What the first group of each match says.
names matches(const std::string& text, const std::string& expression) {
  names all;
  const std::regex pattern(expression);
  for (auto each = std::sregex_iterator(text.begin(), text.end(), pattern);
       each != std::sregex_iterator(); ++each)
    all.insert((*each)[1]);
  return all;
}

class manual : public tool {
 protected:
  static std::string help(words verb = {}) {
    verb.insert(verb.begin(), TWINMAP_CLI);
    verb.push_back("--help");
    const command_result result = test_support::run_command(verb);
    EXPECT_EQ(result.exit, 0) << result.err;
    return result.out;
  }

  static names verbs_of_help() {
    const std::string text = help();
    return matches(text.substr(text.find("Subcommands:")), "\n  ([a-z]+) ");
  }

  // As they stand at the beginning of a line of help, so that none of its sentences counts.
  static names options_of_help() {
    names all;
    const auto add = [&all](const std::string& text) {
      for (const std::string& line : matches(text, "\n  (-[^ ]+)")) {
        for (const std::string& each : matches(line + ",", "(-[-a-z]+),"))
          all.insert(each);
      }
    };
    add(help());
    for (const std::string& verb : verbs_of_help())
      add(help({verb}));
    return all;
  }
};

TEST_F(manual, NamesTheVerbsOfHelp) {
  const std::string page = text_of("tools/man/twinmap.1.scd");
  const std::size_t begin = page.find("\n# VERBS");
  const std::string verbs = page.substr(begin, page.find("\n# OPTIONS") - begin);
  EXPECT_EQ(matches(verbs, "\n\\*([a-z]+)\\*"), verbs_of_help());
  EXPECT_GT(verbs_of_help().size(), 20u) << help();
}

TEST_F(manual, NamesTheOptionsOfHelp) {
  const std::string page = text_of("tools/man/twinmap.1.scd");
  names told = matches(page, "\n\t*\\*(-[-a-z]+)\\*");
  for (const std::string& each : matches(page, "\n\t*\\*-[^\n]*, \\*(-[-a-z]+)\\*"))
    told.insert(each);
  told.erase("--");
  EXPECT_EQ(told, options_of_help());
  EXPECT_TRUE(told.contains("--if-equal")) << "options of verbs are among them";
}

TEST_F(manual, NamesEachExitCode) {
  const std::string page = text_of("tools/man/twinmap.1.scd");
  const std::string section = page.substr(page.find("\n# EXIT STATUS"));
  EXPECT_EQ(matches(section, "\n\\*([0-9])\\*").size(), 10u);
}

TEST_F(manual, IsFreeOfWarnings) {
  const bool here = std::system("command -v scdoc >/dev/null && command -v man >/dev/null") == 0;
  TWINMAP_SKIP_UNLESS_EMPTY(here ? "" : "scdoc or man is not installed");
  for (const std::string page : {"tools/man/twinmap.1", "lib/man/twinmap.7",
                                 "daemon/man/twinmapd.8", "daemon/man/twinmapd.toml.5"}) {
    const std::string source = std::string(TWINMAP_SOURCE_DIR) + "/" + page + ".scd";
    if (!std::filesystem::exists(source)) continue;
    const std::string built = directory() + "/" + std::filesystem::path(page).filename().string();
    const command_result result = test_support::run_command(
        {"sh", "-c",
         "scdoc <'" + source + "' >'" + built + "' && LC_ALL=C.UTF-8 MANWIDTH=80 " +
             "man --warnings -E UTF-8 -l -Tutf8 -Z '" + built + "' >/dev/null"});
    EXPECT_EQ(result.exit, 0) << page << result.err;
    EXPECT_EQ(result.err, "") << page;
  }
}

}  // namespace
}  // namespace tools_test
