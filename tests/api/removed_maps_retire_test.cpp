// remove: the name is free at once, attached handles go on reading, and their mutators fail with
// `retired` or, if told so, go on.
#include <api/fresh_map.hpp>
#include <support/child.hpp>
#include <support/shared_page.hpp>

namespace api_test {
namespace {

using number_map = twinmap::map<u64, u64>;
const auto retired_code = twinmap::make_error_code(twinmap::errc::retired);

TEST(RemovedMap, IsGoneByNameAtOnce) {
  fresh_map<u64, u64> fresh;
  EXPECT_FALSE(fresh.map.retired());
  EXPECT_TRUE(number_map::remove(fresh.name));
  EXPECT_FALSE(twinmap::exists(fresh.name));
  EXPECT_FALSE(twinmap::remove(fresh.name));
  EXPECT_FALSE(std::filesystem::exists(fresh.name.segment_file()));
  EXPECT_FALSE(std::filesystem::exists(fresh.name.lock_file()));
  EXPECT_EQ(code_of([&] { fresh.attach(twinmap::open_only); }), twinmap::errc::not_found);
  number_map second = fresh.attach(twinmap::create_only);
  second.store(1, 2);
  EXPECT_FALSE(fresh.map.contains(1));
  EXPECT_FALSE(second.retired());
}

TEST(RemovedMap, GoesOnBeingReadButFailsMutators) {
  fresh_map<std::string, quote> fresh;
  fresh.map.store("key", {.bid = 1});
  const auto view = fresh.attach(twinmap::open_read_only);
  ASSERT_TRUE(twinmap::remove(fresh.name));
  EXPECT_TRUE(fresh.map.retired());
  EXPECT_TRUE(view.retired());
  EXPECT_TRUE(fresh.map.info().retired);
  EXPECT_EQ(fresh.map.load("key"), (quote{.bid = 1}));
  EXPECT_EQ(view.load("key"), (quote{.bid = 1}));
  EXPECT_EQ(code_of([&] { fresh.map.store("key", {}); }), retired_code);
  EXPECT_EQ(code_of([&] { fresh.map.store("new", {}); }), retired_code);
  EXPECT_EQ(code_of([&] { fresh.map.exchange("key", {}); }), retired_code);
  EXPECT_EQ(code_of([&] { fresh.map.load_or_store("new", {}); }), retired_code);
  EXPECT_EQ(code_of([&] { fresh.map.erase("key"); }), retired_code);
  EXPECT_EQ(code_of([&] { fresh.map.load_and_erase("key"); }), retired_code);
  EXPECT_EQ(code_of([&] { fresh.map.compare_exchange("key", {.bid = 1}, {}); }), retired_code);
  EXPECT_EQ(code_of([&] { fresh.map.compare_erase("key", {.bid = 1}); }), retired_code);
  EXPECT_EQ(code_of([&] { fresh.map.update("key", [](auto old) { return old; }); }), retired_code);
  EXPECT_EQ(code_of([&] { fresh.map.clear(); }), retired_code);
  EXPECT_EQ(fresh.map.size(), 1u);
  const std::string text = text_of([&] { fresh.map.erase("key"); });
  EXPECT_TRUE(contains(text, fresh.name.str())) << text;
}

TEST(RemovedMap, MayBeKept) {
  fresh_map<u64, u64> fresh({.max_bytes = 16 << 20, .on_retired = twinmap::on_retired::keep});
  const auto view = fresh.attach(twinmap::open_read_only);
  auto strict = fresh.attach(twinmap::open_only);
  ASSERT_TRUE(twinmap::remove(fresh.name));
  for (u64 key = 0; key != 1000; ++key)
    fresh.map.store(key, key);
  EXPECT_EQ(view.load(999), 999u);
  EXPECT_EQ(view.size(), 1000u);
  EXPECT_EQ(code_of([&] { strict.store(1, 1); }), retired_code);
  fresh.map.clear();
  EXPECT_TRUE(strict.empty());
}

TEST(RemovedMap, IsSeenByOtherProcesses) {
  fresh_map<u64, u64> fresh;
  test_support::shared_page<test_support::start_gate> gate;
  test_support::child other([&] {
    auto map = fresh.attach(twinmap::open_only);
    map.store(1, 1);
    EXPECT_TRUE(gate->arrive_and_wait());
    EXPECT_TRUE(map.retired());
    EXPECT_EQ(code_of([&] { map.store(2, 2); }), retired_code);
    EXPECT_EQ(map.load(1), 1u);
  });
  ASSERT_TRUE(test_support::eventually([&] { return gate->arrived() == 1; }));
  EXPECT_TRUE(twinmap::remove(fresh.name));
  gate->open_for(1);
  EXPECT_EQ(other.wait(), 0);
}

}  // namespace
}  // namespace api_test
