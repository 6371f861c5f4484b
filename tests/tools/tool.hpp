// The twinmap binary as a user runs it, in a directory of the test's own.
#pragma once

#include <gtest/gtest.h>
#include <support/command.hpp>
#include <support/names.hpp>

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace tools_test {

using json = nlohmann::json;
using test_support::command_result;

class tool : public ::testing::Test {
 protected:
  using words = std::vector<std::string>;

  command_result run(words arguments, std::string input = {}) const {
    words argv{TWINMAP_CLI, "--dir", place_.path().string()};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return test_support::run_command(argv, {.input = std::move(input)});
  }

  // For steps that a test builds on: they succeed and say nothing.
  void must(const words& arguments, const std::string& input = {}) const {
    const command_result result = run(arguments, input);
    ASSERT_EQ(result.exit, 0) << result.err;
    ASSERT_EQ(result.err, "");
  }

  std::string output(const words& arguments) const {
    const command_result result = run(arguments);
    EXPECT_EQ(result.exit, 0) << result.err;
    return result.out;
  }

  json parsed(words arguments) const {
    arguments.push_back("--json");
    const std::string text = output(arguments);
    const json value = json::parse(text, nullptr, false);
    EXPECT_FALSE(value.is_discarded()) << text;
    return value;
  }

  std::string directory() const { return place_.path().string(); }
  std::string segment(const std::string& map) const { return directory() + "/twinmap." + map; }

  test_support::scoped_directory place_;
};

}  // namespace tools_test
