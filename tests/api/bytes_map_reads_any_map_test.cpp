// bytes_map: the stored bytes of any map whatever its types, and bytes/bytes where it makes one.
#include <api/fresh_map.hpp>

#include <cstring>
#include <stdexcept>

namespace api_test {
namespace {

std::string bytes_of(u64 number) {
  std::string result(sizeof(number), '\0');
  std::memcpy(result.data(), &number, sizeof(number));
  return result;
}

TEST(BytesMap, MakesBytesOfBytes) {
  const test_support::scoped_name name;
  twinmap::bytes_map map(twinmap::open_or_create, name, {.max_bytes = 16 << 20});
  EXPECT_TRUE(map.created());
  EXPECT_EQ(map.info().key_type, "bytes");
  EXPECT_EQ(map.info().value_type, "bytes");
  map.store("key", std::string("a\0b", 3));
  EXPECT_EQ(map.load("key"), std::string("a\0b", 3));
  const twinmap::bytes_map again(twinmap::open_or_create, name);
  EXPECT_FALSE(again.created());
  using bytes = std::vector<std::byte>;
  const twinmap::map<bytes, bytes> typed(twinmap::open_only, name);
  EXPECT_EQ(typed.load(bytes{std::byte{'k'}, std::byte{'e'}, std::byte{'y'}})->size(), 3u);
}

TEST(BytesMap, SharesATypedMap) {
  fresh_map<u64, u64> fresh;
  fresh.map.store(7, 77);
  twinmap::bytes_map any(twinmap::open_or_create, fresh.name);
  EXPECT_EQ(any.info().key_type, "u64");
  EXPECT_EQ(any.load(bytes_of(7)), bytes_of(77));
  any.store(bytes_of(8), bytes_of(88));
  EXPECT_EQ(fresh.map.load(8), 88u);
  EXPECT_TRUE(any.compare_exchange(bytes_of(8), bytes_of(88), bytes_of(89)));
  EXPECT_EQ(fresh.map.load(8), 89u);
  EXPECT_EQ(any.load_and_erase(bytes_of(8)), bytes_of(89));
  EXPECT_FALSE(fresh.map.contains(8));
  EXPECT_EQ(any.size(), 1u);
  any.for_each([](const std::string& key, const std::string& value) {
    EXPECT_EQ(key, bytes_of(7));
    EXPECT_EQ(value, bytes_of(77));
  });
}

TEST(BytesMap, KeepsTypedMapsWhole) {
  fresh_map<u64, u64> fresh;
  twinmap::bytes_map any(twinmap::open_only, fresh.name);
  const auto mismatch = twinmap::make_error_code(twinmap::errc::type_mismatch);
  EXPECT_EQ(code_of([&] { any.store("short", bytes_of(1)); }), mismatch);
  EXPECT_EQ(code_of([&] { any.store(bytes_of(1), "short"); }), mismatch);
  EXPECT_EQ(code_of([&] { any.store(bytes_of(1), std::string(9, 'x')); }), mismatch);
  EXPECT_EQ(code_of([&] { any.exchange(bytes_of(1), "x"); }), mismatch);
  EXPECT_EQ(code_of([&] { any.load_or_store(bytes_of(1), "x"); }), mismatch);
  EXPECT_EQ(code_of([&] { any.update(bytes_of(1), [](auto) { return "x"; }); }), mismatch);
  EXPECT_FALSE(any.load("short"));
  EXPECT_FALSE(any.contains(std::string(100, 'x')));
  EXPECT_TRUE(fresh.map.empty());
  any.store(bytes_of(1), bytes_of(2));
  EXPECT_EQ(fresh.map.load(1), 2u);
  EXPECT_EQ(code_of([&] { any.compare_exchange(bytes_of(1), bytes_of(2), "x"); }), mismatch);
  EXPECT_EQ(fresh.map.load(1), 2u);
}

TEST(BytesMap, MakesTypesByName) {
  const test_support::scoped_name name;
  twinmap::bytes_map any(twinmap::create_only, name,
                         twinmap::type_names{.key = "string", .value = "struct:quote/1:24"},
                         {.max_bytes = 16 << 20});
  twinmap::map<std::string, quote> typed(twinmap::open_only, name);
  typed.store("AAPL", {1, 2, 3});
  EXPECT_EQ(any.load("AAPL")->size(), sizeof(quote));
  EXPECT_EQ(code_of([&] {
              twinmap::bytes_map(twinmap::open_only, name,
                                 twinmap::type_names{.key = "string", .value = "u64"});
            }),
            twinmap::errc::type_mismatch);
  std::error_code code;
  any = twinmap::bytes_map(twinmap::open_only, name, twinmap::type_names{"u64", "u64"}, {}, code);
  EXPECT_EQ(code, twinmap::errc::type_mismatch);
  EXPECT_FALSE(any);
}

TEST(BytesMap, RefusesTypesThatCannotBeWritten) {
  const test_support::scoped_name name;
  const auto make = [&](const std::string& key, const std::string& value) {
    twinmap::bytes_map(twinmap::create_only, name, twinmap::type_names{key, value});
  };
  for (const char* const wrong : {"", "struct:x", "struct:x:", "struct::8", "struct:x:0",
                                  "struct:x:8k", "struct:x:-1", "struct:x:99999999999"}) {
    SCOPED_TRACE(wrong);
    EXPECT_THROW(make(wrong, "u64"), std::invalid_argument);
    EXPECT_THROW(make("u64", wrong), std::invalid_argument);
  }
  EXPECT_THROW(make("f64", "u64"), std::invalid_argument);
  EXPECT_THROW(make("u64", std::string(121, 'x')), std::invalid_argument);
  EXPECT_FALSE(twinmap::exists(name));
}

TEST(BytesMap, NeedsAMapToOpen) {
  const test_support::scoped_name name;
  EXPECT_EQ(code_of([&] { twinmap::bytes_map(twinmap::open_only, name, {}); }),
            twinmap::errc::not_found);
  std::error_code code;
  const twinmap::bytes_map map(twinmap::open_read_only, name, {}, code);
  EXPECT_EQ(code, twinmap::errc::not_found);
  EXPECT_FALSE(map);
}

}  // namespace
}  // namespace api_test
