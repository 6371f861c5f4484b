// Codes, texts and what they compare equal to.
#include <gtest/gtest.h>
#include <twinmap/platform/error.hpp>

#include <cerrno>
#include <set>
#include <string>

#include "toy_map.hpp"

namespace platform_test {
namespace {

using twinmap::errc;

TEST(Error, EveryCodeHasANameAndAMeaningOfItsOwn) {
  std::set<std::string> names;
  std::set<std::string> meanings;
  constexpr int last = static_cast<int>(errc::unsupported_platform);
  for (int value = 1; value <= last; ++value) {
    names.emplace(twinmap::name_of(static_cast<errc>(value)));
    meanings.insert(twinmap::error_category().message(value));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(last));
  EXPECT_EQ(meanings.size(), static_cast<std::size_t>(last));
  EXPECT_EQ(names.count("unknown"), 0u);
  EXPECT_EQ(twinmap::name_of(errc::too_many_writers), "too_many_writers");
}

TEST(Error, TextNamesMapCodeAndDetail) {
  std::string text;
  const auto call = [] { twinmap::raise(errc::no_space, "quotes", "4096 of 4096 bytes used"); };
  EXPECT_EQ(code_of_call(call, &text), errc::no_space);
  EXPECT_EQ(text, "twinmap 'quotes': no_space: 4096 of 4096 bytes used");
}

TEST(Error, SystemFailuresKeepTheirCodeUnlessWeHaveAName) {
  const auto code_for = [](int value) {
    return code_of_call([&] { twinmap::raise_system(value, "m", "open"); });
  };
  EXPECT_EQ(code_for(ENOENT), errc::not_found);
  EXPECT_EQ(code_for(EACCES), errc::permission_denied);
  EXPECT_EQ(code_for(EPERM), errc::permission_denied);
  EXPECT_EQ(code_for(ENOSPC), errc::no_space);
  EXPECT_EQ(code_for(EDQUOT), errc::no_space);
  EXPECT_EQ(code_for(EMFILE), std::error_code(EMFILE, std::system_category()));
}

TEST(Error, ComparesWithTheStandardConditions) {
  EXPECT_EQ(make_error_code(errc::not_found), std::errc::no_such_file_or_directory);
  EXPECT_EQ(make_error_code(errc::already_exists), std::errc::file_exists);
  EXPECT_EQ(make_error_code(errc::lock_timeout), std::errc::timed_out);
  EXPECT_NE(make_error_code(errc::corrupted), std::errc::io_error);
}

TEST(Platform, IsGoodEnoughHere) {
  EXPECT_FALSE(code_of_call([] { check_platform("m"); }));
}

}  // namespace
}  // namespace platform_test
