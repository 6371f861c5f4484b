// A handle that was default-constructed, closed or moved from says so from every member but move,
// close and operator bool.
#include <api/fresh_map.hpp>
#include <twinmap/admin.hpp>

#include <array>

namespace api_test {
namespace {

using number_map = twinmap::map<u64, u64>;

void expect_all_to_throw(number_map& map) {
  const auto detached = twinmap::make_error_code(twinmap::errc::not_attached);
  EXPECT_FALSE(map);
  u64 out = 7;
  std::array<u64, 1> keys{1};
  std::array<std::optional<u64>, 1> values;
  EXPECT_EQ(code_of([&] { map.load(1); }), detached);
  EXPECT_EQ(code_of([&] { map.load(1, out); }), detached);
  EXPECT_EQ(code_of([&] { map.contains(1); }), detached);
  EXPECT_EQ(code_of([&] { map.load_many(keys, values); }), detached);
  EXPECT_EQ(code_of([&] { map.for_each([](u64, u64) {}); }), detached);
  EXPECT_EQ(code_of([&] { map.store(1, 1); }), detached);
  EXPECT_EQ(code_of([&] { map.load_or_store(1, 1); }), detached);
  EXPECT_EQ(code_of([&] { map.exchange(1, 1); }), detached);
  EXPECT_EQ(code_of([&] { map.erase(1); }), detached);
  EXPECT_EQ(code_of([&] { map.load_and_erase(1); }), detached);
  EXPECT_EQ(code_of([&] { map.compare_exchange(1, 1, 2); }), detached);
  EXPECT_EQ(code_of([&] { map.compare_erase(1, 1); }), detached);
  EXPECT_EQ(code_of([&] { map.fetch_add(1, 1); }), detached);
  EXPECT_EQ(code_of([&] { map.update(1, [](auto old) { return old; }); }), detached);
  EXPECT_EQ(code_of([&] { map.clear(); }), detached);
  EXPECT_EQ(code_of([&] { map.size(); }), detached);
  EXPECT_EQ(code_of([&] { (void)map.empty(); }), detached);
  EXPECT_EQ(code_of([&] { map.stats(); }), detached);
  EXPECT_EQ(code_of([&] { map.info(); }), detached);
  EXPECT_EQ(code_of([&] { map.options(); }), detached);
  EXPECT_EQ(code_of([&] { map.name(); }), detached);
  EXPECT_EQ(code_of([&] { map.created(); }), detached);
  EXPECT_EQ(code_of([&] { map.read_only(); }), detached);
  EXPECT_EQ(code_of([&] { map.retired(); }), detached);
  EXPECT_EQ(code_of([&] { twinmap::promote(map); }), detached);
  EXPECT_EQ(code_of([&] { twinmap::sweep(map); }), detached);
  EXPECT_EQ(code_of([&] { twinmap::check(map); }), detached);
  EXPECT_EQ(code_of([&] { twinmap::slots(map, [](auto&) { return true; }); }), detached);
  EXPECT_EQ(out, 7u);
  std::error_code code;
  map.store(1, 1, code);
  EXPECT_EQ(code, detached);
}

TEST(DetachedHandle, DefaultConstructed) {
  number_map map;
  expect_all_to_throw(map);
  map.close();
  expect_all_to_throw(map);
}

TEST(DetachedHandle, Closed) {
  fresh_map<u64, u64> fresh;
  fresh.map.store(1, 2);
  fresh.map.close();
  expect_all_to_throw(fresh.map);
  EXPECT_EQ(fresh.attach(twinmap::open_only).load(1), 2u) << "the map outlives its handles";
}

TEST(DetachedHandle, MovedFrom) {
  fresh_map<u64, u64> fresh;
  const number_map taker = std::move(fresh.map);
  expect_all_to_throw(fresh.map);
  EXPECT_TRUE(taker);
}

}  // namespace
}  // namespace api_test
