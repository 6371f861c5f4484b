// Typed maps take and show numbers, text or hexadecimal; any bytes make the round trip through hex
// and base64.
#include <tools/tool.hpp>

#include <sstream>

namespace tools_test {
namespace {

class typed_values : public tool {
 protected:
  void round_trip(const std::string& type, const std::string& given, const json& shown) const {
    const std::string map = "m" + std::to_string(++maps_);
    must({"create", map, "--key", "u8", "--value", type, "--max-bytes", "1M"});
    must({"set", map, "1", "--", given});
    EXPECT_EQ(parsed({"get", map, "1"})["value"], shown) << type;
    const std::string text = output({"get", map, "1"});
    must({"set", map, "2", "--", text});
    EXPECT_EQ(output({"get", map, "2"}), text) << type << ": what get prints, set takes";
  }

  mutable int maps_ = 0;
};

TEST_F(typed_values, OfEachNamedType) {
  round_trip("u8", "255", 255);
  round_trip("u64", "18446744073709551615", 18446744073709551615ull);
  round_trip("i8", "-128", -128);
  round_trip("i64", "-9223372036854775808", INT64_MIN);
  round_trip("f32", "1.5", 1.5);
  round_trip("f64", "-0.125", -0.125);
  round_trip("f64", "nan", "nan");
  round_trip("bool", "true", true);
  round_trip("string", "grüße", "grüße");
  round_trip("bytes", "text", "text");
  round_trip("struct:point/1:4", "0001feff", "0001feff");
}

TEST_F(typed_values, OutOfRangeAreRefused) {
  must({"create", "m", "--key", "u8", "--value", "i16"});
  for (const std::string bad : {"32768", "-32769", "1.5", "", " 1", "0x10"})
    EXPECT_EQ(run({"set", "m", "1", "--", bad}).exit, 2) << bad;
  EXPECT_EQ(run({"set", "m", "256", "1"}).exit, 2);
}

TEST_F(typed_values, AnyBytesSurviveHexAndBase64) {
  must({"create", "m", "--key", "bytes", "--value", "bytes"});
  must({"set", "m", "00ff0a", "deadBEEF00", "--key-as", "hex", "--value-as", "hex"});
  EXPECT_EQ(output({"get", "m", "00ff0a", "--key-as", "hex"}),
            std::string("\xde\xad\xbe\xef\0", 5));
  EXPECT_EQ(output({"get", "m", "AP8K", "--key-as", "b64", "--value-as", "b64"}), "3q2+7wA=");
  const json shown = parsed({"get", "m", "00ff0a", "--key-as", "hex"});
  EXPECT_EQ(shown["key"], "00ff0a");
  EXPECT_EQ(shown["value"], (json{{"b64", "3q2+7wA="}})) << "what is not UTF-8";
  for (const std::string bad : {"abc", "zz", "0"})
    EXPECT_EQ(run({"get", "m", bad, "--key-as", "hex"}).exit, 2) << bad;
  for (const std::string bad : {"A", "AB=A", "A===", "AB=="})
    EXPECT_EQ(run({"get", "m", bad, "--key-as", "b64"}).exit, 2) << bad;
}

TEST_F(typed_values, HexOfANumberIsTheBytesThatLieInTheMap) {
  must({"create", "m", "--key", "u32", "--value", "u16"});
  must({"set", "m", "1", "258"});
  EXPECT_EQ(output({"get", "m", "01000000", "--key-as", "hex", "--value-as", "hex"}), "0201");
  EXPECT_EQ(run({"get", "m", "0100", "--key-as", "hex"}).exit, 2) << "too few bytes";
}

TEST_F(typed_values, ATableKeepsItsLines) {
  must({"create", "m", "--key", "string", "--value", "string"});
  must({"set", "m", "two\nlines", std::string(500, 'x')});
  const std::string table = output({"slots", "m", "--no-headers"});
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 1) << table;
  EXPECT_NE(table.find("two\\nlines"), std::string::npos) << table;
}

TEST_F(typed_values, JsonLinesAreOneObjectEach) {
  must({"create", "m", "--key", "u8", "--value", "u8"});
  must({"set", "m", "1", "1"});
  must({"set", "m", "2", "2"});
  std::istringstream lines(output({"slots", "m", "-o", "jsonl"}));
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count)
    EXPECT_TRUE(json::parse(line).is_object()) << line;
  EXPECT_EQ(count, 2);
}

}  // namespace
}  // namespace tools_test
