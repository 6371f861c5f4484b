// What is stored under a key comes back as it was, for every type that a key or a value may have,
// and the segment records the type under its written name.
#include <api/fresh_map.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string_view>
#include <vector>

namespace api_test {

enum class colour : std::uint16_t { red = 1, green = 65535 };
enum plain_enum : int { below = -5, above = 5 };

struct pixel {
  std::uint8_t red, green, blue;
  friend bool operator==(const pixel&, const pixel&) = default;
};
struct page {
  std::array<std::uint32_t, 1000> words;
  friend bool operator==(const page&, const page&) = default;
};
// No default constructor, and a const member: nothing that the map may assign to piece by piece.
struct sealed {
  explicit sealed(u64 n) : number(n) {}
  u64 number;
  friend bool operator==(const sealed&, const sealed&) = default;
};
// With a codec of its own: a list of words as one text.
struct sentence {
  std::vector<std::string> words;
  friend bool operator==(const sentence&, const sentence&) = default;
};

}  // namespace api_test

template <>
struct twinmap::type_name<api_test::pixel> {
  static constexpr std::string_view value = "pixel";
};
template <>
struct twinmap::type_name<api_test::page> {
  static constexpr const char* value = "page";
};
template <>
struct twinmap::type_name<api_test::sealed> {
  static constexpr std::string_view value = "sealed";
};
template <>
struct twinmap::codec<api_test::sentence> {
  static constexpr std::string_view name = "sentence";
  static std::size_t size(const api_test::sentence& from) {
    std::size_t total = 0;
    for (const std::string& word : from.words)
      total += word.size() + 1;
    return total;
  }
  static void encode(const api_test::sentence& from, std::span<std::byte> to) {
    std::size_t at = 0;
    for (const std::string& word : from.words) {
      for (const char letter : word + " ")
        to[at++] = static_cast<std::byte>(letter);
    }
  }
  static api_test::sentence decode(std::span<const std::byte> from) {
    api_test::sentence result;
    std::string word;
    for (const std::byte letter : from) {
      if (letter == std::byte{' '}) {
        result.words.push_back(std::exchange(word, {}));
      } else {
        word.push_back(static_cast<char>(letter));
      }
    }
    return result;
  }
};

namespace api_test {
namespace {

// Every way out of the map for one key and value.
template <class Key, class T>
void round_trip(const Key& key, const T& value, const T& other) {
  fresh_map<Key, T> fresh;
  auto& map = fresh.map;
  EXPECT_FALSE(map.load(key));
  EXPECT_FALSE(map.contains(key));
  map.store(key, value);
  EXPECT_EQ(map.load(key), value);
  EXPECT_TRUE(map.contains(key));
  T out = other;
  ASSERT_TRUE(map.load(key, out));
  EXPECT_EQ(out, value);
  EXPECT_EQ(map.exchange(key, other), value);
  EXPECT_EQ(map.load_or_store(key, value), std::make_pair(other, true));
  EXPECT_EQ(map.update(key, [&](std::optional<T> now) { return now == other ? value : other; }),
            value);
  int seen = 0;
  map.for_each([&](const Key& k, const T& v) {
    EXPECT_EQ(k, key);
    EXPECT_EQ(v, value);
    ++seen;
  });
  EXPECT_EQ(seen, 1);
  const auto reader = fresh.attach(twinmap::open_read_only);
  EXPECT_EQ(reader.load(key), value);
  EXPECT_EQ(map.load_and_erase(key), value);
  EXPECT_FALSE(reader.load(key));
  EXPECT_EQ(map.size(), 0u);
  EXPECT_EQ(map.load_or_store(key, other), std::make_pair(other, false));
  EXPECT_EQ(reader.load(key), other);
}

template <class Integer>
void integers(const char* written) {
  using limits = std::numeric_limits<Integer>;
  round_trip<Integer, Integer>(limits::max(), limits::min(), limits::max());
  round_trip<Integer, Integer>(limits::min(), limits::max(), limits::min());
  round_trip<Integer, Integer>(0, 1, 0);
  fresh_map<Integer, Integer> fresh;
  EXPECT_EQ(fresh.map.info().key_type, written);
  EXPECT_EQ(fresh.map.info().value_type, written);
}

TEST(EveryType, Integers) {
  integers<std::uint8_t>("u8");
  integers<std::uint16_t>("u16");
  integers<std::uint32_t>("u32");
  integers<std::uint64_t>("u64");
  integers<std::int8_t>("i8");
  integers<std::int16_t>("i16");
  integers<std::int32_t>("i32");
  integers<std::int64_t>("i64");
}

TEST(EveryType, BoolAndEnums) {
  round_trip<bool, bool>(true, false, true);
  round_trip<colour, plain_enum>(colour::green, below, above);
  fresh_map<colour, bool> fresh;
  EXPECT_EQ(fresh.map.info().key_type, "u16");
  EXPECT_EQ(fresh.map.info().value_type, "bool");
}

TEST(EveryType, FloatingPointValues) {
  round_trip<u64, double>(1, -0.5, 1e300);
  round_trip<u64, float>(1, 0.25f, std::numeric_limits<float>::infinity());
  fresh_map<u64, double> fresh;
  fresh.map.store(1, std::nan(""));
  EXPECT_TRUE(std::isnan(fresh.map.load(1).value()));
  EXPECT_EQ(fresh.map.info().value_type, "f64");
  EXPECT_EQ((fresh_map<u64, float>().map.info().value_type), "f32");
}

TEST(EveryType, PlainStructsShortAndLong) {
  round_trip<u64, pixel>(1, {1, 2, 3}, {4, 5, 6});
  round_trip<pixel, u64>({1, 2, 3}, 1, 2);
  round_trip<quote, quote>({1, 2, 3}, {4, 5, 6}, {7, 8, 9});
  round_trip<sealed, sealed>(sealed(1), sealed(2), sealed(3));
  page first{};
  first.words.fill(0xABCDEF01);
  page second{};
  second.words.back() = 7;
  round_trip<std::string, page>("page", first, second);
  round_trip<page, std::string>(first, "one", "two");
  fresh_map<quote, pixel> fresh;
  EXPECT_EQ(fresh.map.info().key_type, "struct:quote/1:24");
  EXPECT_EQ(fresh.map.info().value_type, "struct:pixel:3");
}

TEST(EveryType, StringsOfEveryLengthAroundTheLimits) {
  for (const unsigned length :
       {0u, 1u, 7u, 8u, 9u, 15u, 16u, 63u, 64u, 65u, 4095u, 4096u, 65535u}) {
    SCOPED_TRACE(length);
    const std::string text(length, 'x');
    round_trip<std::string, std::string>(text, text, "y" + text);
  }
  const std::string zeros("\0a\0", 3);
  round_trip<std::string, std::string>(zeros, zeros, "");
  fresh_map<std::string, std::string> nowhere;
  nowhere.map.store(std::string_view(), std::string_view());
  EXPECT_EQ(nowhere.map.load(std::string_view()), "");
  EXPECT_EQ(nowhere.map.load(""), "");
  round_trip<std::string, std::string>("big", std::string(3 << 20, 'b'), "small");
  EXPECT_EQ((fresh_map<std::string, std::string>().map.info().key_type), "string");
}

TEST(EveryType, VectorsOfBytes) {
  using bytes = std::vector<std::byte>;
  round_trip<bytes, bytes>(bytes{}, bytes(5, std::byte{1}), bytes(500, std::byte{2}));
  round_trip<bytes, bytes>(bytes(300, std::byte{9}), bytes{}, bytes(8, std::byte{2}));
  EXPECT_EQ((fresh_map<bytes, bytes>().map.info().value_type), "bytes");
}

TEST(EveryType, AUsersCodecForKeyAndValue) {
  round_trip<sentence, sentence>({{"to", "be"}}, {{"or", "not"}}, {});
  round_trip<u64, sentence>(1, {{std::string(100, 'a'), "b"}}, {{"c"}});
  EXPECT_EQ((fresh_map<sentence, u64>().map.info().key_type), "sentence");
}

// Keys that share their first bytes, or are prefixes of each other, are different keys.
TEST(EveryType, KeysAreEqualOnlyIfAllTheirBytesAre) {
  fresh_map<std::string, u64> fresh;
  const std::string stem(40, 'k');
  for (u64 length = 0; length <= stem.size(); ++length)
    fresh.map.store(stem.substr(0, length), length);
  EXPECT_EQ(fresh.map.size(), stem.size() + 1);
  for (u64 length = 0; length <= stem.size(); ++length)
    EXPECT_EQ(fresh.map.load(stem.substr(0, length)), length);
  fresh_map<std::int8_t, u64> narrow;
  narrow.map.store(-1, 1);
  EXPECT_FALSE(narrow.map.contains(1));
  EXPECT_EQ(narrow.map.load(-1), 1u);
}

}  // namespace
}  // namespace api_test
