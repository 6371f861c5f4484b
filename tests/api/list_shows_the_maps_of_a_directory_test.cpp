// list and exists: every map of a directory by name, nothing that is no map, and the reason for
// what cannot be read.
#include <api/fresh_map.hpp>
#include <support/privilege.hpp>
#include <support/sandbox.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace api_test {
namespace {

using number_map = twinmap::map<u64, u64>;

std::vector<std::string> names_in(const std::vector<twinmap::map_info>& maps) {
  std::vector<std::string> names;
  for (const twinmap::map_info& map : maps)
    names.push_back(map.name);
  return names;
}

TEST(List, ShowsMapsAndNothingElse) {
  const test_support::scoped_directory place;
  const twinmap::options there{.max_bytes = 16 << 20, .directory = place.path()};
  EXPECT_TRUE(twinmap::list(there).empty());
  number_map numbers(twinmap::create_only, "numbers", there);
  numbers.store(1, 2);
  const twinmap::map<std::string, quote> quotes(twinmap::create_only, "quotes", there);
  std::ofstream(place / "twinmap.text") << "no map at all";
  std::ofstream(place / "twinmap.empty");
  std::ofstream(place / "twinmap.stray.lock") << "x";
  std::ofstream(place / "other.file") << "twinmap\n";
  std::ofstream(place / "twinmap.bad name") << "twinmap\n";
  std::filesystem::create_directory(place / "twinmap.directory");
  ASSERT_EQ(::symlink("twinmap.numbers", (place / "twinmap.link").c_str()), 0);
  ASSERT_EQ(::mkfifo((place / "twinmap.pipe").c_str(), 0600), 0);

  const std::vector<twinmap::map_info> maps = twinmap::list(there);
  ASSERT_EQ(names_in(maps), (std::vector<std::string>{"numbers", "quotes"}));
  EXPECT_EQ(maps[0].key_type, "u64");
  EXPECT_EQ(maps[0].entries, 1u);
  EXPECT_EQ(maps[0].directory, place.path());
  EXPECT_EQ(maps[0].owner, ::geteuid());
  EXPECT_EQ(maps[1].value_type, "struct:quote/1:24");
  EXPECT_EQ(maps[1].bytes_max, 16u << 20);
  EXPECT_TRUE(maps[1].error.empty());
}

TEST(List, GivesTheReasonForWhatCannotBeRead) {
  const test_support::scoped_directory place;
  const twinmap::options there{.max_bytes = 16 << 20, .directory = place.path()};
  { const number_map broken(twinmap::create_only, "broken", there); }
  std::fstream file(place / "twinmap.broken", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(200);
  file << "garbage in the header";
  file.close();
  const std::vector<twinmap::map_info> maps = twinmap::list(there);
  ASSERT_EQ(names_in(maps), std::vector<std::string>{"broken"});
  EXPECT_TRUE(contains(maps[0].error, "broken")) << maps[0].error;
  EXPECT_EQ(maps[0].directory, place.path());
}

TEST(List, ShowsWhatAnotherUserMayNotOpen) {
  TWINMAP_REQUIRE_PRIVILEGE(change_user);
  const test_support::scoped_directory place;
  ASSERT_EQ(::chmod(place.path().c_str(), 0755), 0);
  const twinmap::options there{.max_bytes = 16 << 20, .directory = place.path()};
  const number_map secret(twinmap::create_only, "secret", there);
  auto other = test_support::as_user(65534, 65534, {65534}, [&] {
    const std::vector<twinmap::map_info> maps = twinmap::list(there);
    ASSERT_EQ(names_in(maps), std::vector<std::string>{"secret"});
    EXPECT_TRUE(contains(maps[0].error, "secret")) << maps[0].error;
    EXPECT_TRUE(twinmap::exists("secret", there));
  });
  EXPECT_EQ(other.wait(), 0);
}

TEST(List, RefusesADirectoryThatIsNotThere) {
  EXPECT_EQ(code_of([] { twinmap::list({.directory = "/nowhere/at/all"}); }),
            twinmap::errc::not_found);
}

TEST(Exists, FollowsTheName) {
  const test_support::scoped_name name;
  EXPECT_FALSE(twinmap::exists(name));
  { const number_map map(twinmap::create_only, name, {.max_bytes = 16 << 20}); }
  EXPECT_TRUE(twinmap::exists(name)) << "detaching never unlinks";
  EXPECT_TRUE(twinmap::remove(name));
  EXPECT_FALSE(twinmap::exists(name));
}

}  // namespace
}  // namespace api_test
