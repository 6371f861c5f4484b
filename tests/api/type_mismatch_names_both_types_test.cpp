// Attaching with other types than the map was made with is refused, and the text names both.
#include <api/fresh_map.hpp>

namespace api_test {

// The same program, a year later: the struct has grown, and its name was forgotten or was changed.
struct grown_quote {
  std::int64_t bid, ask;
  std::uint64_t at, volume;
};
struct renamed_quote {
  std::int64_t bid, ask;
  std::uint64_t at;
};

}  // namespace api_test

template <>
struct twinmap::type_name<api_test::grown_quote> {
  static constexpr std::string_view value = "quote/1";
};
template <>
struct twinmap::type_name<api_test::renamed_quote> {
  static constexpr std::string_view value = "quote/2";
};

namespace api_test {
namespace {

template <class Key, class T>
void expect_refusal(const std::string& map, const std::string& made, const std::string& asked) {
  for (const bool writing : {true, false}) {
    const auto attach = [&] {
      if (writing)
        twinmap::map<Key, T>(twinmap::open_or_create, map);
      else
        twinmap::map<Key, T>(twinmap::open_read_only, map);
    };
    EXPECT_EQ(code_of(attach), twinmap::errc::type_mismatch);
    const std::string text = text_of(attach);
    EXPECT_TRUE(contains(text, made)) << text;
    EXPECT_TRUE(contains(text, asked)) << text;
    EXPECT_TRUE(contains(text, map)) << text;
  }
}

TEST(TypeMismatch, NamesBothTypes) {
  fresh_map<std::string, quote> fresh;
  expect_refusal<u64, quote>(fresh.name, "string", "u64");
  expect_refusal<std::string, u64>(fresh.name, "struct:quote/1:24", "u64");
  expect_refusal<std::string, grown_quote>(fresh.name, "struct:quote/1:24", "struct:quote/1:32");
  expect_refusal<std::string, renamed_quote>(fresh.name, "struct:quote/1:24", "struct:quote/2:24");
  expect_refusal<std::string, std::vector<std::byte>>(fresh.name, "struct:quote/1:24", "bytes");
  fresh_map<u64, double> numbers;
  expect_refusal<std::int64_t, double>(numbers.name, "u64", "i64");
  expect_refusal<u64, u64>(numbers.name, "f64", "u64");
}

// One written name, one type: what differs only in C++ is the same in the segment.
TEST(TypeMismatch, DoesNotRefuseTheSameWrittenType) {
  enum class number : unsigned long long {};
  fresh_map<unsigned long, long> fresh;
  fresh.map.store(5, -5);
  const twinmap::map<unsigned long long, long long> same(twinmap::open_only, fresh.name);
  EXPECT_EQ(same.load(5), -5);
  const twinmap::map<number, long> again(twinmap::open_only, fresh.name);
  EXPECT_EQ(again.load(number{5}), -5);
}

}  // namespace
}  // namespace api_test
