// Every refusal has its own code, and a text that an operator can act on: the map, the limit, and
// the number that met it. The overloads with a last std::error_code throw nothing and say the same.
#include <api/fresh_map.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

namespace api_test {
namespace {

using twinmap::errc;
using string_map = twinmap::map<std::string, std::string>;

TEST(Errors, NotFoundAndAlreadyExists) {
  const test_support::scoped_name name;
  EXPECT_EQ(code_of([&] { string_map(twinmap::open_only, name); }), errc::not_found);
  EXPECT_EQ(code_of([&] { string_map(twinmap::open_read_only, name); }), errc::not_found);
  const string_map first(twinmap::create_only, name);
  EXPECT_TRUE(first.created());
  EXPECT_EQ(code_of([&] { string_map(twinmap::create_only, name); }), errc::already_exists);
  const string_map second(twinmap::open_or_create, name);
  EXPECT_FALSE(second.created());
  const std::string text = text_of([&] { string_map(twinmap::create_only, name); });
  EXPECT_TRUE(contains(text, name.str())) << text;
  EXPECT_TRUE(text.ends_with(" exists")) << text;
}

TEST(Errors, AFileWithoutRoomForAHeader) {
  const test_support::scoped_name name;
  { const string_map made(twinmap::create_only, name, {.max_bytes = 16 << 20}); }
  std::filesystem::resize_file(name.segment_file(), 4096);
  const std::string text = text_of([&] { string_map(twinmap::open_only, name); });
  EXPECT_TRUE(contains(text, "has 4096 bytes, a header alone takes 8192")) << text;
}

TEST(Errors, HeadersOfAnotherVersionThanTheLibrary) {
  const test_support::scoped_name name;
  twinmap::protocol::attach_request request;
  request.name = name;
  EXPECT_EQ(code_of([&] { twinmap::detail::attach(request, twinmap::detail::header_layout + 1); }),
            errc::incompatible_layout);
  EXPECT_FALSE(twinmap::exists(name));
}

TEST(Errors, InvalidNames) {
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("a/b"), std::string("a b"),
        std::string("a\0b", 3), std::string(201, 'a'), std::string("\xC3\xBC"),
        std::string("map.lock")}) {
    SCOPED_TRACE(name);
    EXPECT_EQ(code_of([&] { string_map(twinmap::open_or_create, name); }), errc::invalid_name);
    EXPECT_EQ(code_of([&] { string_map(twinmap::open_read_only, name); }), errc::invalid_name);
    EXPECT_EQ(code_of([&] { twinmap::remove(name); }), errc::invalid_name);
    EXPECT_EQ(code_of([&] { twinmap::exists(name); }), errc::invalid_name);
  }
  const test_support::scoped_directory place;
  const twinmap::options there{.max_bytes = 16 << 20, .directory = place.path()};
  for (const std::string& name : {std::string("..."), std::string("-"), std::string(200, 'a'),
                                  std::string("A.z_0-9"), std::string("lock")}) {
    SCOPED_TRACE(name);
    EXPECT_TRUE(string_map(twinmap::create_only, name, there));
  }
}

TEST(Errors, AReadOnlyHandleRefusesEveryMutator) {
  fresh_map<std::string, u64> fresh;
  fresh.map.store("key", 1);
  auto view = fresh.attach(twinmap::open_read_only);
  EXPECT_TRUE(view.read_only());
  EXPECT_FALSE(fresh.map.read_only());
  EXPECT_EQ(code_of([&] { view.store("key", 2); }), errc::read_only);
  EXPECT_EQ(code_of([&] { view.load_or_store("key", 2); }), errc::read_only);
  EXPECT_EQ(code_of([&] { view.exchange("key", 2); }), errc::read_only);
  EXPECT_EQ(code_of([&] { view.erase("key"); }), errc::read_only);
  EXPECT_EQ(code_of([&] { view.load_and_erase("key"); }), errc::read_only);
  EXPECT_EQ(code_of([&] { view.compare_exchange("key", 1, 2); }), errc::read_only);
  EXPECT_EQ(code_of([&] { view.compare_erase("key", 1); }), errc::read_only);
  EXPECT_EQ(code_of([&] { view.fetch_add("key", 2); }), errc::read_only);
  EXPECT_EQ(code_of([&] { view.update("key", [](auto) { return 2; }); }), errc::read_only);
  EXPECT_EQ(code_of([&] { view.clear(); }), errc::read_only);
  EXPECT_EQ(view.load("key"), 1u);
}

TEST(Errors, KeysAndValuesThatAreTooLong) {
  fresh_map<std::string, std::string> fresh({.max_bytes = 16 << 20});
  fresh.map.store(std::string(65535, 'k'), "fits");
  const std::string key(65536, 'k');
  EXPECT_EQ(code_of([&] { fresh.map.store(key, "v"); }), errc::key_too_long);
  const std::string text = text_of([&] { fresh.map.store(key, "v"); });
  EXPECT_TRUE(contains(text, "65535") && contains(text, "65536")) << text;
  EXPECT_FALSE(fresh.map.load(key));
  EXPECT_EQ(code_of([&] { fresh.map.erase(key); }), errc::key_too_long);

  fresh.map.store("key", "old");
  const std::string value(32 << 20, 'v');
  EXPECT_EQ(code_of([&] { fresh.map.store("key", value); }), errc::value_too_long);
  EXPECT_TRUE(contains(text_of([&] { fresh.map.store("key", value); }), "33554432"));
  EXPECT_EQ(fresh.map.load("key"), "old");
}

// P7: full is an error with the number in it, and nothing has changed.
TEST(Errors, NoSpaceNamesTheLimitAndKeepsTheOldValue) {
  fresh_map<u64, std::string> fresh({.max_bytes = 8 << 20});
  const std::string value(100'000, 'v');
  u64 stored = 0;
  std::error_code code;
  while (stored < 1000) {
    fresh.map.store(stored, value, code);
    if (code) break;
    ++stored;
  }
  EXPECT_EQ(code, errc::no_space);
  EXPECT_GT(stored, 10u);
  const std::string text = text_of([&] { fresh.map.store(stored, value); });
  EXPECT_TRUE(contains(text, fresh.name.str()) && contains(text, "8388608")) << text;
  EXPECT_EQ(code_of([&] { fresh.map.store(0, value + value); }), errc::no_space);
  for (u64 key = 0; key != stored; ++key)
    ASSERT_EQ(fresh.map.load(key), value) << key;
  EXPECT_FALSE(fresh.map.contains(stored));
  EXPECT_EQ(fresh.map.size(), stored);
  EXPECT_TRUE(fresh.map.erase(0));
  fresh.map.store(1, value);
}

TEST(Errors, TooManyEntriesNamesTheLimit) {
  fresh_map<u64, u64> fresh({.max_bytes = 16 << 20, .max_entries = 100});
  u64 stored = 0;
  std::error_code code;
  for (; stored < 10'000 && !code; ++stored)
    fresh.map.store(stored, stored, code);
  EXPECT_EQ(code, errc::too_many_entries);
  const u64 limit = fresh.map.options().max_entries;
  EXPECT_GE(limit, 100u);
  const std::string text = text_of([&] { fresh.map.store(77'777, 1); });
  EXPECT_TRUE(contains(text, std::to_string(limit))) << text;
  fresh.map.store(5, 55);
  EXPECT_EQ(fresh.map.load(5), 55u);
  EXPECT_TRUE(fresh.map.erase(6));
  fresh.map.store(77'777, 1);
  EXPECT_EQ(fresh.map.load(77'777), 1u);
}

TEST(Errors, TooManyWritersNamesTheLimit) {
  fresh_map<u64, u64> fresh({.max_bytes = 16 << 20, .max_writers = 2});
  fresh.map.store(1, 1);
  std::error_code third;
  std::string text;
  std::thread second_writer([&] {
    fresh.map.store(1, 2);
    std::thread third_writer([&] {
      fresh.map.store(1, 3, third);
      text = text_of([&] { fresh.map.store(1, 3); });
      EXPECT_EQ(fresh.map.load(1), 2u);
    });
    third_writer.join();
  });
  second_writer.join();
  EXPECT_EQ(third, errc::too_many_writers);
  EXPECT_TRUE(contains(text, "2") && contains(text, fresh.name.str())) << text;
  std::thread after([&] { fresh.map.store(1, 4); });
  after.join();
  EXPECT_EQ(fresh.map.load(1), 4u);
}

TEST(Errors, FilesThatAreNoMapsAreRefused) {
  const test_support::scoped_directory place;
  const twinmap::options there{.directory = place.path()};
  const auto refusal = [&](const std::string& content) {
    const std::string file = place / "twinmap.x";
    std::ofstream(file, std::ios::trunc) << content;
    ::chmod(file.c_str(), 0600);
    return code_of([&] { string_map(twinmap::open_only, "x", there); });
  };
  EXPECT_EQ(refusal(""), errc::corrupted);
  EXPECT_EQ(refusal("twinmap\n"), errc::corrupted);
  EXPECT_EQ(refusal(std::string(1 << 16, '\0')), errc::corrupted);
  EXPECT_EQ(refusal(std::string(1 << 16, 'x')), errc::corrupted);
}

TEST(Errors, SymbolicLinksAreRefused) {
  const test_support::scoped_directory place;
  const twinmap::options there{.max_bytes = 16 << 20, .directory = place.path()};
  string_map real(twinmap::create_only, "real", there);
  ASSERT_EQ(::symlink((place / "twinmap.real").c_str(), (place / "twinmap.link").c_str()), 0);
  EXPECT_EQ(code_of([&] { string_map(twinmap::open_only, "link", there); }),
            errc::permission_denied);
}

TEST(Errors, ACodeSaysWhatTheExceptionSays) {
  const test_support::scoped_name name;
  std::error_code code;
  string_map map(twinmap::open_only, name, code);
  EXPECT_EQ(code, errc::not_found);
  EXPECT_FALSE(map);
  map = string_map(twinmap::create_only, name, {.max_bytes = 16 << 20}, code);
  EXPECT_FALSE(code) << "a success clears the code";
  ASSERT_TRUE(map);
  map.store("key", "value", code);
  EXPECT_FALSE(code);
  EXPECT_TRUE(map.compare_exchange("key", "value", "other", code));
  EXPECT_EQ(map.exchange("key", "third", code), "other");
  EXPECT_EQ(map.load_or_store("key", "x", code), std::make_pair(std::string("third"), true));
  EXPECT_EQ(map.load_and_erase("key", code), "third");
  EXPECT_FALSE(map.compare_erase("key", "third", code));
  EXPECT_FALSE(map.erase("key", code));
  EXPECT_FALSE(code);

  string_map view(twinmap::open_read_only, name, code);
  const auto refused = [&] { return std::exchange(code, {}) == errc::read_only; };
  view.store("key", "value", code);
  EXPECT_TRUE(refused());
  EXPECT_EQ(view.load_or_store("key", "x", code), std::make_pair(std::string("x"), false));
  EXPECT_TRUE(refused());
  EXPECT_FALSE(view.exchange("key", "x", code));
  EXPECT_TRUE(refused());
  EXPECT_FALSE(view.erase("key", code));
  EXPECT_TRUE(refused());
  EXPECT_FALSE(view.load_and_erase("key", code));
  EXPECT_TRUE(refused());
  EXPECT_FALSE(view.compare_exchange("key", "a", "b", code));
  EXPECT_TRUE(refused());
  EXPECT_FALSE(view.compare_erase("key", "a", code));
  EXPECT_TRUE(refused());
  EXPECT_FALSE(view.update(
      "key", [](auto old) { return old; }, code));
  EXPECT_TRUE(refused());
  view.clear(code);
  EXPECT_TRUE(refused());
  EXPECT_TRUE(twinmap::remove(name, {}, code));
  EXPECT_FALSE(code);
  EXPECT_FALSE(twinmap::remove("not/a name", {}, code));
  EXPECT_EQ(code, errc::invalid_name);
}

TEST(Errors, AreSystemErrorsWithACategoryOfTheirOwn) {
  const test_support::scoped_name name;
  try {
    string_map map(twinmap::open_only, name);
    FAIL();
  } catch (const std::system_error& e) {
    EXPECT_EQ(&e.code().category(), &twinmap::error_category());
    EXPECT_EQ(e.code(), make_error_code(errc::not_found));
    EXPECT_FALSE(e.code().message().empty());
  }
  EXPECT_STREQ(twinmap::error_category().name(), "twinmap");
}

}  // namespace
}  // namespace api_test
