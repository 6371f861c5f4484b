// Exit 78, and FILE:LINE of what is wrong: an administrator finds it without reading the rest.
#include <support/command.hpp>

#include "running_daemon.hpp"

namespace daemon_test {
namespace {

using test_support::command_result;

class a_bad_configuration : public ::testing::Test {
 protected:
  command_result check() const {
    return test_support::run_command({TWINMAPD, "--check-config", "--config", place_.config()});
  }
  /// `text` as the whole file is refused at that line, with these words.
  void refuses(const std::string& text, int line, const std::string& words) const {
    place_.write("etc/twinmapd.toml", text);
    const command_result result = check();
    EXPECT_EQ(result.exit, 78) << text;
    EXPECT_NE(result.err.find(place_.config() + ':' + std::to_string(line) + ": "),
              std::string::npos)
        << text << result.err;
    EXPECT_NE(result.err.find(words), std::string::npos) << text << result.err;
  }
  static std::string map_with(const std::string& more) {
    return "[[map]]\nname = \"m\"\nkey = \"u64\"\nvalue = \"u64\"\n" + more + "\n";
  }

  place place_;
};

TEST_F(a_bad_configuration, IsRefusedWhereItIsWrong) {
  refuses("[daemon]\nsocket = \n", 2, "");
  refuses("[daemon]\n\nsockett = \"/x\"\n", 3, "unknown key 'daemon.sockett'");
  refuses("[deamon]\n", 1, "unknown key 'deamon'");
  refuses("[daemon]\nsocket = 4\n", 2, "a text in quotes is expected, this is 4");
  refuses("[daemon]\nsocket = \"relative\"\n", 2, "an absolute path");
  refuses("[daemon]\nsocket = \"/" + std::string(120, 'x') + "\"\n", 2, "at most 107 bytes");
  refuses("[daemon]\nlog_level = \"loud\"\n", 2, "debug is expected, this is \"loud\"");
  refuses("[promotion]\nmax_age = \"50\"\n", 2, "a duration such as");
  refuses("[promotion]\nmax_age = \"0ms\"\n", 2, "1ms to 24h is expected");
  refuses("[promotion]\ncompact_deleted = 1.5\n", 2, "from 0 to 1");
  refuses("map = 3\n", 1, "[[map]]");
}

TEST_F(a_bad_configuration, OfAMapTellsTheLimitAndTheValue) {
  refuses(map_with("max_bytes = \"1KiB\""), 5, "1 MiB to 1 TiB is expected, this is \"1KiB\"");
  refuses(map_with("max_bytes = \"many\""), 5, "a number of bytes");
  refuses(map_with("max_bytes = -5"), 5, "a number of bytes");
  refuses(map_with("mode = \"0999\""), 5, "octal");
  refuses(map_with("mode = 660"), 5, "octal");
  refuses(map_with("group = \"no such group\""), 5, "there is no group \"no such group\"");
  refuses(map_with("max_writers = 5000"), 5, "from 1 to 4095 is expected, this is 5000");
  refuses(map_with("slot_bytes = 48"), 5, "a power of two");
  refuses(map_with("colour = \"red\""), 5, "there is no such key");
  refuses(map_with("max_bytes = \"1MiB\"\nmax_entries = 1000000"), 1, "max_entries 1000000");
  refuses("[[map]]\nname = \"a/b\"\nkey = \"u64\"\nvalue = \"u64\"\n", 2, "A-Z a-z 0-9");
  refuses("[[map]]\nname = \"m\"\nkey = \"f64\"\nvalue = \"u64\"\n", 3, "floating-point");
  refuses("[[map]]\nname = \"m\"\nkey = \"struct:x\"\nvalue = \"u64\"\n", 3, "struct:NAME:SIZE");
  refuses("\n[[map]]\nname = \"m\"\nkey = \"u64\"\n", 2, "value is missing");
  refuses(map_with("") + map_with(""), 6, "already described at " + place_.config() + ":1");
}

TEST_F(a_bad_configuration, MayBeInConfDWhereNamesCountToo) {
  place_.configure(map_with(""));
  place_.write("etc/conf.d/20-more.toml",
               "\n[[map]]\nname = \"m\"\nkey = \"u8\"\nvalue = \"u8\"\n");
  const command_result result = check();
  EXPECT_EQ(result.exit, 78);
  EXPECT_NE(result.err.find("conf.d/20-more.toml:2: map 'm' is already described"),
            std::string::npos)
      << result.err;
}

TEST_F(a_bad_configuration, KeepsTheDaemonFromStarting) {
  place_.write("etc/twinmapd.toml", "[daemon]\nx = 1\n");
  const command_result result = test_support::run_command({TWINMAPD, "--config", place_.config()});
  EXPECT_EQ(result.exit, 78);
  EXPECT_NE(result.err.find("twinmapd.toml:2: "), std::string::npos) << result.err;
}

TEST_F(a_bad_configuration, IsOneThatWasAskedForAndIsNotThere) {
  const command_result result =
      test_support::run_command({TWINMAPD, "--config", place_.file("none.toml")});
  EXPECT_EQ(result.exit, 78);
  EXPECT_NE(result.err.find("none.toml: cannot be read"), std::string::npos) << result.err;
}

TEST_F(a_bad_configuration, IsNoneIfEveryKeyIsAsPeopleWriteIt) {
  place_.configure(
      "socket_mode = \"0600\"\n[promotion]\nmax_age = \"2s\"\ncompact_deleted = 0\n" +
      map_with("max_bytes = \"256MiB\"\nmode = \"0660\"\ngroup = 0\nmax_entries = 1000\n"
               "slot_bytes = 64\nmax_writers = 8\nhuge_pages = true"));
  place_.write("etc/conf.d/10-late.toml", "[promotion]\nmax_age = \"1min\"\n");
  place_.write("etc/conf.d/ignored.conf", "nonsense");
  const command_result result = check();
  EXPECT_EQ(result.exit, 0) << result.err;
  EXPECT_NE(result.out.find("1 maps"), std::string::npos) << result.out;
}

TEST_F(a_bad_configuration, IsNotTheExampleThatIsInstalled) {
  const command_result result = test_support::run_command(
      {TWINMAPD, "--check-config", "--config", TWINMAP_SOURCE_DIR "/daemon/twinmapd.toml"});
  EXPECT_EQ(result.exit, 0) << result.err;
}

}  // namespace
}  // namespace daemon_test
