// fetch_add: an absent key counts as 0, the old value comes back, integers wrap around, and no
// addition is lost.
#include <api/fresh_map.hpp>
#include <support/child.hpp>

#include <limits>

namespace api_test {
namespace {

template <class T>
void wraps() {
  using limits = std::numeric_limits<T>;
  fresh_map<std::string, T> fresh;
  EXPECT_EQ(fresh.map.fetch_add("new", T{5}), T{0});
  EXPECT_EQ(fresh.map.fetch_add("new", T{2}), T{5});
  EXPECT_EQ(fresh.map.load("new"), T{7});
  fresh.map.store("max", limits::max());
  EXPECT_EQ(fresh.map.fetch_add("max", T{1}), limits::max());
  EXPECT_EQ(fresh.map.load("max"), limits::min());
  EXPECT_EQ(fresh.map.fetch_add("max", static_cast<T>(-1)), limits::min());
  EXPECT_EQ(fresh.map.load("max"), limits::max());
}

TEST(FetchAdd, WrapsForEveryInteger) {
  wraps<std::uint8_t>();
  wraps<std::uint16_t>();
  wraps<std::uint32_t>();
  wraps<std::uint64_t>();
  wraps<std::int8_t>();
  wraps<std::int16_t>();
  wraps<std::int32_t>();
  wraps<std::int64_t>();
}

TEST(FetchAdd, AddsFloatingPoint) {
  fresh_map<u64, double> fresh;
  EXPECT_EQ(fresh.map.fetch_add(1, 0.5), 0.0);
  EXPECT_EQ(fresh.map.fetch_add(1, 0.25), 0.5);
  EXPECT_EQ(fresh.map.load(1), 0.75);
}

TEST(FetchAdd, LosesNoneOfTwoProcesses) {
  fresh_map<u64, u64> fresh;
  constexpr u64 rounds = 100'000;
  constexpr u64 keys = 7;
  test_support::child process([&] {
    auto mine = fresh.attach(twinmap::open_only);
    for (u64 i = 0; i != rounds; ++i)
      mine.fetch_add(i % keys, 1);
  });
  for (u64 i = 0; i != rounds; ++i)
    fresh.map.fetch_add(i % keys, 1);
  EXPECT_EQ(process.wait(), 0);
  u64 sum = 0;
  fresh.map.for_each([&](u64, u64 value) { sum += value; });
  EXPECT_EQ(sum, 2 * rounds);
}

}  // namespace
}  // namespace api_test
