// A lookup by string_view allocates nothing, and `load` into a value that is there re-uses its
// capacity. Counted in operator new, which this file replaces for the whole test program.
#include <api/fresh_map.hpp>

#include <array>
#include <cstdlib>
#include <new>
#include <string_view>
#include <vector>

// The thread sanitizer's own operator new cannot be replaced; there is nothing of it to find here.
#if !defined(TWINMAP_THREAD_SANITIZER)

namespace {
thread_local long allocations = 0;
}

// Not inlined: g++ would see free called on what new returned, and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace api_test {
namespace {

template <class F>
long allocations_in(F&& f) {
  const long before = allocations;
  f();
  return allocations - before;
}

const std::string long_key(200, 'k');

// Not inlined: clang sees that nobody uses the text, and leaves the allocation out.
[[gnu::noinline]] std::string allocated_text() {
  return std::string(100, 'x');
}

TEST(Lookups, TheCounterCounts) {
  EXPECT_EQ(allocations_in([] { allocated_text(); }), 1);
}

TEST(Lookups, ByStringViewAllocateNothing) {
  fresh_map<std::string, quote> fresh;
  fresh.map.store("AAPL", {1, 2, 3});
  fresh.map.store(long_key, {4, 5, 6});
  fresh.map.load("AAPL");  // the thread's counters are made with its first lookup
  const std::string_view view(long_key);
  quote out;
  EXPECT_EQ(allocations_in([&] {
              for (int i = 0; i != 100; ++i) {
                EXPECT_TRUE(fresh.map.load("AAPL").has_value());
                EXPECT_TRUE(fresh.map.load(view, out));
                EXPECT_TRUE(fresh.map.contains(view));
                EXPECT_FALSE(fresh.map.load("nobody's name, and longer than a short string"));
              }
            }),
            0);
}

TEST(Lookups, ManyAtOnceAllocateNothing) {
  fresh_map<u64, u64> fresh;
  std::array<u64, 100> keys{};
  for (u64 i = 0; i != keys.size(); ++i) {
    keys[i] = i;
    fresh.map.store(i, i);
  }
  std::array<std::optional<u64>, 100> values;
  fresh.map.load(0);
  EXPECT_EQ(allocations_in([&] { EXPECT_EQ(fresh.map.load_many(keys, values), 100u); }), 0);
}

TEST(Lookups, LoadReusesCapacity) {
  fresh_map<std::string, std::string> fresh;
  const std::string value(5000, 'v');
  fresh.map.store("long", value);
  fresh.map.store("short", "v");
  std::string out;
  EXPECT_TRUE(fresh.map.load("long", out));
  const char* const place = out.data();
  EXPECT_EQ(allocations_in([&] {
              for (int i = 0; i != 100; ++i) {
                EXPECT_TRUE(fresh.map.load("short", out));
                EXPECT_EQ(out, "v");
                EXPECT_TRUE(fresh.map.load("long", out));
                EXPECT_EQ(out, value);
              }
            }),
            0);
  EXPECT_EQ(out.data(), place);
}

TEST(Lookups, LoadManyReusesCapacity) {
  fresh_map<std::string, std::string> fresh;
  const std::string value(5000, 'v');
  fresh.map.store("a", value);
  fresh.map.store("b", value);
  const std::array<std::string_view, 2> keys{"a", "b"};
  std::array<std::optional<std::string>, 2> out;
  EXPECT_EQ(fresh.map.load_many(keys, out), 2u);
  EXPECT_EQ(allocations_in([&] { EXPECT_EQ(fresh.map.load_many(keys, out), 2u); }), 0);
  EXPECT_EQ(out[1], value);
}

// A store of a plain value or of a string that is there needs no memory of the process either, once
// the thread has its lease.
TEST(Lookups, StoresToPresentKeysAllocateNothing) {
  fresh_map<std::string, std::string> fresh;
  const std::string value(300, 'v');
  for (int i = 0; i != 100; ++i)
    fresh.map.store("key", value);
  EXPECT_EQ(allocations_in([&] {
              for (int i = 0; i != 100; ++i)
                fresh.map.store("key", value);
            }),
            0);
}

}  // namespace
}  // namespace api_test

#endif
