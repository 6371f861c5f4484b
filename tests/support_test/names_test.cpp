// Names do not repeat, and what a test made is gone when it ends.
#include <gtest/gtest.h>
#include <unistd.h>
#include <support/names.hpp>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

namespace test_support {
namespace {

namespace fs = std::filesystem;

void touch(const fs::path& file) {
  std::ofstream(file) << "x";
}

TEST(Names, DoNotRepeatAndAreValidMapNames) {
  std::set<std::string> drawn;
  for (int i = 0; i < 1000; ++i)
    drawn.insert(unique_name());
  EXPECT_EQ(drawn.size(), 1000u);
  EXPECT_EQ(drawn.begin()->find("t" + std::to_string(::getpid()) + "-"), 0u);
  EXPECT_EQ(drawn.begin()->find_first_not_of("t-0123456789abcdef"), std::string::npos);
}

TEST(Names, RemoveBothFilesAndNothingElse) {
  const scoped_directory place;
  touch(place / "twinmap.other");
  {
    const scoped_name name(place.path(), "mine");
    touch(name.segment_file());
    touch(name.lock_file());
    EXPECT_TRUE(fs::exists(place / "twinmap.mine"));
    EXPECT_TRUE(fs::exists(place / "twinmap.mine.lock"));
  }
  EXPECT_FALSE(fs::exists(place / "twinmap.mine"));
  EXPECT_FALSE(fs::exists(place / "twinmap.mine.lock"));
  EXPECT_TRUE(fs::exists(place / "twinmap.other"));
}

TEST(Names, DirectoriesGoWithAllTheyHold) {
  fs::path path;
  {
    const scoped_directory place;
    path = place.path();
    fs::create_directories(place / "a/b");
    touch(place / "a/b/c");
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(Names, TheDefaultDirectoryFollowsTheEnvironment) {
  const char* before = ::getenv("TWINMAP_DIR");
  const std::string saved = before != nullptr ? before : "";
  ::setenv("TWINMAP_DIR", "/somewhere", 1);
  EXPECT_EQ(default_directory(), "/somewhere");
  ::unsetenv("TWINMAP_DIR");
  EXPECT_EQ(default_directory(), "/dev/shm");
  if (before != nullptr) ::setenv("TWINMAP_DIR", saved.c_str(), 1);
}

}  // namespace
}  // namespace test_support
