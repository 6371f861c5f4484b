// What the contract refuses at compile time is refused, and the compiler says why: every file in
// refused/ must fail with the text behind its "// reason:"; the one in accepted/ must compile.
#include <gtest/gtest.h>
#include <support/command.hpp>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

#if defined(__clang__)
constexpr const char* compiler = "clang++";
#else
constexpr const char* compiler = "g++";
#endif

test_support::command_result compile(const fs::path& source) {
  const fs::path headers = fs::path(TWINMAP_TEST_DATA) / "../../lib";
  return test_support::run_command(
      {compiler, "-std=c++20", "-fsyntax-only", "-I" + headers.string(), source.string()});
}

std::string reason_in(const fs::path& source) {
  std::ifstream file(source);
  const std::string mark = "// reason: ";
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(mark)) return line.substr(mark.size());
  return {};
}

TEST(RefusedTypes, FailWithTheReason) {
  int seen = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(TWINMAP_TEST_DATA "/refused")) {
    SCOPED_TRACE(entry.path().filename());
    const std::string reason = reason_in(entry.path());
    ASSERT_FALSE(reason.empty());
    const test_support::command_result result = compile(entry.path());
    EXPECT_NE(result.exit, 0) << "it compiled";
    EXPECT_NE(result.err.find(reason), std::string::npos) << result.err.substr(0, 4000);
    ++seen;
  }
  EXPECT_GE(seen, 10);
}

// The same surroundings with nothing to refuse: proof that the others fail for their reason alone.
TEST(RefusedTypes, TheirSurroundingsCompile) {
  const auto result = compile(TWINMAP_TEST_DATA "/accepted/readme_example.cpp");
  EXPECT_EQ(result.exit, 0) << result.err;
}

}  // namespace
