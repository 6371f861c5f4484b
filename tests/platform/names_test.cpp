// Names that become file names, and where the files are.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <support/child.hpp>

#include <filesystem>

#include "toy_map.hpp"

namespace platform_test {
namespace {

std::error_code code_for(const std::string& name) {
  return code_of_call([&] { check_name(name); });
}

TEST(MapName, AcceptsWhatTheContractNames) {
  for (const char* name : {"a", "Quotes-2.1_x", "...", ".hidden", "-", "lock", "a.locks"}) {
    EXPECT_FALSE(code_for(name)) << name;
  }
  EXPECT_FALSE(code_for(std::string(200, 'x')));
}

TEST(MapName, RefusesTheRestAndSaysWhy) {
  for (const char* name : {"", ".", "..", "a/b", "a b", "../x", "\xc3\xa4", "a\n", "x.lock"}) {
    EXPECT_EQ(code_for(name), twinmap::errc::invalid_name) << name;
  }
  EXPECT_EQ(code_for(std::string("a\0b", 3)), twinmap::errc::invalid_name);
  std::string text;
  EXPECT_EQ(code_of_call([] { check_name(std::string(201, 'x')); }, &text),
            twinmap::errc::invalid_name);
  EXPECT_NE(text.find("201"), std::string::npos) << text;
}

TEST(Directory, IsTheOptionThenTheEnvironmentThenShm) {
  test_support::child elsewhere([] {
    ::unsetenv("TWINMAP_DIR");
    EXPECT_EQ(resolve_directory(""), "/dev/shm");
    ::setenv("TWINMAP_DIR", "/from/environment//", 1);
    EXPECT_EQ(resolve_directory(""), "/from/environment");
    EXPECT_EQ(resolve_directory("/option/"), "/option");
    EXPECT_EQ(resolve_directory("/"), "");
    const auto here = std::filesystem::current_path();
    EXPECT_EQ(resolve_directory("relative"), (here / "relative").string());
  });
  EXPECT_EQ(elsewhere.wait(), 0);
}

}  // namespace
}  // namespace platform_test
