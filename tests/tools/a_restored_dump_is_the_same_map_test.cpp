// dump | restore into a fresh map: the same keys with the same bytes, whatever they are. The map is
// filled and compared through the library, so that the tool's own forms prove nothing.
#include <tools/tool.hpp>
#include <twinmap/bytes_map.hpp>

#include <sys/stat.h>
#include <unistd.h>
#include <cmath>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <random>
#include <sstream>
#include <support/child.hpp>
#include <support/shared_page.hpp>

namespace tools_test {
namespace {

using contents = std::map<std::string, std::string>;

template <class Number>
std::string bytes_of(Number number) {
  std::string bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

class dumps : public tool {
 protected:
  twinmap::options here(std::uint64_t max_bytes = 16 << 20) const {
    twinmap::options chosen;
    chosen.directory = directory();
    chosen.max_bytes = max_bytes;
    return chosen;
  }

  twinmap::bytes_map make(const std::string& name, const std::string& key, const std::string& value,
                          std::uint64_t max_bytes = 16 << 20) const {
    return {twinmap::create_only, name, twinmap::type_names{key, value}, here(max_bytes)};
  }

  contents all_of(const std::string& name) const {
    contents all;
    twinmap::bytes_map(twinmap::open_read_only, name, here())
        .for_each([&all](const std::string& key, const std::string& value) { all[key] = value; });
    return all;
  }

  void come_back(const std::string& key_type, const std::string& value_type, const contents& filled,
                 const words& forms = {}, std::uint64_t max_bytes = 16 << 20) const {
    const std::string number = std::to_string(++maps_);
    twinmap::bytes_map from = make("from" + number, key_type, value_type, max_bytes);
    for (const auto& [key, value] : filled)
      from.store(key, value);
    make("to" + number, key_type, value_type, max_bytes);
    words dump{"dump", "from" + number};
    words restore{"restore", "to" + number, "-q"};
    dump.insert(dump.end(), forms.begin(), forms.end());
    restore.insert(restore.end(), forms.begin(), forms.end());
    const command_result restored = run(restore, output(dump));
    EXPECT_EQ(restored.exit, 0) << restored.err;
    EXPECT_TRUE(all_of("to" + number) == filled) << key_type << " to " << value_type;
  }

  static std::string random_bytes(std::mt19937_64& random, std::size_t length) {
    std::string bytes(length, '\0');
    for (char& each : bytes)
      each = static_cast<char>(random());
    return bytes;
  }

  mutable int maps_ = 0;
};

contents arbitrary(std::mt19937_64& random, std::string (*bytes)(std::mt19937_64&, std::size_t)) {
  contents filled;
  for (int i = 0; i < 1000; ++i)
    filled[bytes(random, 1 + random() % 50)] =
        bytes(random, random() % 3 == 0 ? random() % 9 : random() % 400);
  filled[""] = "the empty key";
  filled["empty value"] = "";
  filled[std::string("\0zero\0", 6)] = std::string("\0", 1);
  filled["two\nlines\r\n\t\"quoted\" \\"] = "\x7f\x1b[31m\n";
  filled["grüße \xF0\x9F\x98\x80 \xEF\xBF\xBF"] = "\xE2\x80\xA8";
  filled["\xED\xA0\x80"] = "\xC0\x80";          // a surrogate, an overlong zero
  filled["\xF4\x90\x80\x80"] = "cut \xF0\x9F";  // beyond the last code point
  filled[R"({"b64":"AAAA"})"] = R"({"b64":"AAAA"})";
  filled[bytes(random, 60'000)] = bytes(random, 1 << 20);
  return filled;
}

TEST_F(dumps, BringBackArbitraryBytes) {
  std::mt19937_64 random(std::random_device{}());
  const contents filled = arbitrary(random, random_bytes);
  for (const std::string type : {"string", "bytes", "a program's codec/1"})
    come_back(type, type, filled, {}, 64 << 20);
  come_back("bytes", "bytes", filled, {"--key-as", "hex", "--value-as", "b64"}, 64 << 20);
}

TEST_F(dumps, BringBackEveryBitOfANumber) {
  contents doubles;
  for (const double value :
       {0.0, -0.0, 0.1, -1.5, 1e300, 5e-324, 1e15, 1e16, 123456789.125, std::nextafter(0.3, 1),
        std::numeric_limits<double>::max(), std::numeric_limits<double>::infinity(),
        -std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN(),
        -std::numeric_limits<double>::quiet_NaN()})
    doubles[bytes_of(doubles.size())] = bytes_of(value);
  doubles[bytes_of(doubles.size())] = bytes_of(0x7ff8'0000'dead'beefull);  // a NaN with a payload
  doubles[bytes_of(doubles.size())] = bytes_of(0xfff0'0000'0000'0001ull);  // and a signalling one
  std::mt19937_64 random(7);
  for (int i = 0; i < 3000; ++i)
    doubles[bytes_of(doubles.size())] = random_bytes(random, 8);
  come_back("u64", "f64", doubles);

  contents floats;
  for (std::uint32_t i = 0; i < 3000; ++i)
    floats[bytes_of(i)] = random_bytes(random, 4);
  floats[bytes_of(std::uint32_t{0})] = bytes_of(-0.0f);
  floats[bytes_of(std::uint32_t{1})] = bytes_of(0.1f);
  come_back("u32", "f32", floats);

  constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
  come_back("u64", "i64",
            {{bytes_of(UINT64_MAX), bytes_of(lowest)}, {bytes_of(0ull), bytes_of(-1ll)}});
  come_back("i8", "u16", {{"\x80", "\xff\xff"}, {"\x7f", bytes_of(std::uint16_t{258})}});
  come_back("u8", "bool", {{"a", std::string(1, '\0')}, {"b", "\1"}, {"c", "\2"}});
}

TEST_F(dumps, BringBackStructsAndTheirForms) {
  const contents filled{
      {"key1", "text"}, {std::string(4, '\0'), "\xff\xfe\xfd\xfc"}, {"beef", "cafe"}};
  come_back("struct:k/1:4", "struct:v/1:4", filled);
  for (const std::string form : {"text", "hex", "b64"})
    come_back("struct:k/1:4", "struct:v/1:4", filled, {"--key-as", form, "--value-as", form});
}

TEST_F(dumps, AreWrittenAsTheContractSays) {
  make("m", "string", "bytes").store("k", "v\xff");
  make("n", "u64", "f64").store(bytes_of(UINT64_MAX), bytes_of(2.5));
  EXPECT_EQ(output({"dump", "m"}), "{\"key\":\"k\",\"value\":{\"b64\":\"dv8=\"}}\n");
  EXPECT_EQ(output({"dump", "n"}), "{\"key\":18446744073709551615,\"value\":2.5}\n");
}

TEST_F(dumps, KeepLeavesWhatIsThere) {
  make("m", "string", "string").store("old", "before");
  const std::string input =
      "{\"key\":\"old\",\"value\":\"after\"}\n{\"key\":\"new\",\"value\":\"v\"}\n";
  command_result result = run({"restore", "m", "--keep", "--json"}, input);
  EXPECT_EQ(json::parse(result.out), (json{{"stored", 1}, {"kept", 1}}));
  EXPECT_EQ(all_of("m"), (contents{{"old", "before"}, {"new", "v"}}));
  result = run({"restore", "m", "--json"}, input);
  EXPECT_EQ(json::parse(result.out), (json{{"stored", 2}, {"kept", 0}}));
  EXPECT_EQ(all_of("m")["old"], "after");
}

TEST_F(dumps, ABrokenLineIsNamedAndStopsTheRest) {
  make("m", "string", "u64");
  const std::string file = directory() + "/lines";
  const std::vector<std::string> broken{"{\"key\":\"b\"}",
                                        "{\"key\":\"b\",\"value\":\"x\"}",
                                        "{\"key\":\"b\",\"value\":-1}",
                                        "{\"key\":\"b\",\"val",
                                        "[]",
                                        "{\"key\":\"\xff\",\"value\":1}",
                                        "{\"key\":1,\"value\":1}",
                                        "{\"key\":{\"b64\":\"A\"},\"value\":1}",
                                        "{\"key\":\"b\",\"value\":null}"};
  for (const std::string& line : broken) {
    std::ofstream(file) << "{\"key\":\"a\",\"value\":1}\n\n"
                        << line << "\n{\"key\":\"c\",\"value\":3}\n";
    const command_result result = run({"restore", "m", "-f", file});
    EXPECT_EQ(result.exit, 1) << line;
    EXPECT_NE(result.err.find(file + ":3:"), std::string::npos) << result.err;
    EXPECT_NE(result.err.find("1 were stored"), std::string::npos) << result.err;
  }
  EXPECT_EQ(all_of("m"), (contents{{"a", bytes_of(1ull)}})) << "not one that came after";
}

TEST_F(dumps, GetTheirNameWhenTheyAreComplete) {
  make("m", "string", "string").store("k", "v");
  const std::string file = directory() + "/dump";
  must({"dump", "m", "-f", file});
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0600u) << "what it tells is for those whom the map tells it";
  ASSERT_EQ(::chmod(file.c_str(), 0640), 0);
  std::filesystem::create_symlink("dump", directory() + "/link");
  make("n", "string", "string").store("k", "another");
  must({"dump", "n", "-f", directory() + "/link"});
  EXPECT_TRUE(std::filesystem::is_symlink(directory() + "/link"));
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0640u) << "one that is there keeps its mode";
  std::ifstream in(file);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}),
            "{\"key\":\"k\",\"value\":\"another\"}\n");
  for (const auto& each : std::filesystem::directory_iterator(directory()))
    EXPECT_NE(each.path().filename().string().rfind(".dump", 0), 0u) << each.path();
}

TEST_F(dumps, ThatFailLeaveTheOldFileAlone) {
  make("m", "string", "string").store("k", "v");
  const std::string file = directory() + "/dump";
  std::ofstream(file) << "as it was";
  EXPECT_EQ(run({"dump", "nowhere", "-f", file}).exit, 3);
  EXPECT_EQ(run({"dump", "m", "-f", directory() + "/no/such"}).exit, 1);
  EXPECT_EQ(run({"dump", "m", "-f", "/dev/full"}).exit, 1);
  std::ifstream in(file);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "as it was");
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
  EXPECT_EQ(run({"restore", "m", "-f", directory() + "/nowhere"}).exit, 1);
  EXPECT_EQ(run({"restore", "m", "-f", directory()}).exit, 1);
}

TEST_F(dumps, ThatAreInterruptedLeaveNothing) {
  twinmap::bytes_map map = make("m", "u64", "bytes", 64 << 20);
  for (std::uint64_t i = 0; i < 5000; ++i)
    map.store(bytes_of(i), std::string(8192, '\xff'));
  const std::string file = directory() + "/dump";
  const auto files = [this](const std::string& prefix) {
    int count = 0;
    for (const auto& each : std::filesystem::directory_iterator(directory()))
      if (each.path().filename().string().rfind(prefix, 0) == 0) ++count;
    return count;
  };
  bool interrupted = false;
  for (int attempt = 0; attempt < 10 && !interrupted; ++attempt) {
    std::filesystem::remove(file);
    test_support::child dump([&] {
      ::execl(TWINMAP_CLI, "twinmap", "--dir", directory().c_str(), "dump", "m", "-f", file.c_str(),
              nullptr);
      return 1;
    });
    EXPECT_TRUE(test_support::eventually([&] { return files(".dump.") + files("dump") > 0; }));
    dump.kill(SIGTERM);
    interrupted = dump.wait().signal == SIGTERM;
    EXPECT_EQ(files(".dump."), 0);
    EXPECT_EQ(files("dump"), interrupted ? 0 : 1);
  }
  EXPECT_TRUE(interrupted) << "ten dumps were done before they could be interrupted";
}

}  // namespace
}  // namespace tools_test
