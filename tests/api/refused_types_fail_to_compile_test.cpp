// What the contract refuses at compile time is refused, and the compiler says why: every file in
// refused/ must fail with the text behind its "// reason:"; the one in accepted/ must compile.
#include <gtest/gtest.h>
#include <support/command.hpp>
#include <support/names.hpp>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

#if defined(__clang__)
constexpr const char* compiler = "clang++";
#else
constexpr const char* compiler = "g++";
#endif

test_support::command_result run_compiler(const std::vector<std::string>& arguments) {
  const fs::path headers = fs::path(TWINMAP_TEST_DATA) / "../../lib";
  std::vector<std::string> argv{compiler, "-std=c++20", "-I" + headers.string()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return test_support::run_command(argv);
}

// The headers are compiled once, which makes each source five times cheaper.
class RefusedTypes : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    place_ = std::make_unique<test_support::scoped_directory>();
    std::ofstream(header()) << "#include <twinmap/map.hpp>\n";
    const auto result = run_compiler({"-x", "c++-header", header(), "-o", header() + ".gch"});
    ASSERT_EQ(result.exit, 0) << result.err;
  }
  static void TearDownTestSuite() { place_.reset(); }

  static test_support::command_result compile(const fs::path& source) {
    return run_compiler({"-include", header(), "-fsyntax-only", source.string()});
  }

 private:
  static std::string header() { return *place_ / "all.hpp"; }
  static inline std::unique_ptr<test_support::scoped_directory> place_;
};

std::string reason_in(const fs::path& source) {
  std::ifstream file(source);
  const std::string mark = "// reason: ";
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(mark)) return line.substr(mark.size());
  return {};
}

TEST_F(RefusedTypes, FailWithTheReason) {
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
TEST_F(RefusedTypes, TheirSurroundingsCompile) {
  const auto result = compile(TWINMAP_TEST_DATA "/accepted/readme_example.cpp");
  EXPECT_EQ(result.exit, 0) << result.err;
}

}  // namespace
