// P1, P7: a table that was replaced is not looked at again. Its memory may have gone back to the
// system, and a look would bring it back; and what it says has to be looked up once more.

#include <support/touches.hpp>
#include <twinmap/map.hpp>
#include <twinmap/map_access.hpp>
#include <twinmap/protocol/process_state.hpp>
#include <twinmap/protocol/reader.hpp>

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fixture.hpp"

namespace protocol_tests {
namespace {

using twinmap::storage::root_word;
using numbers = twinmap::map<std::uint64_t, std::uint64_t>;

constexpr std::uint64_t present = 64;
constexpr std::uint64_t first_absent = 1'000'000;
constexpr unsigned each_time = 10'000;

// One who has looked at read; and another one who replaces it.
class world {
 public:
  world() {
    other_.store(0, 0);
    for (std::uint64_t key = 1; key != present; ++key)
      other_.store(key, key * 10);
    other_.promote();
    one.emplace(twinmap::open_only, name_);
    first_ = root_word{view().roots->read.load()};
    EXPECT_EQ(one->load(1), 10u);
    absent_key = absent();
  }
  void replace() {
    other_.store(present, present * 10);
    EXPECT_TRUE(other_.promote());
    EXPECT_FALSE(root_word{view().roots->read.load()}.same_table(first_));
  }
  std::vector<test_support::place> looks_at_the_first(const std::function<void()>& body) {
    return touches(view().heap.heap + first_.offset(),
                   first_.groups() * twinmap::storage::group_bytes, body);
  }
  std::vector<test_support::place> looks_at_the_roots(const std::function<void()>& body) {
    return touches(reinterpret_cast<const std::byte*>(view().roots), 1, body);
  }

  std::optional<numbers> one;
  std::uint64_t absent_key = 0;

 private:
  // Absent, and its home group says so.
  std::uint64_t absent() const {
    const auto& handle = twinmap::detail::map_access::handle(*one);
    std::uint64_t key = first_absent;
    while (!twinmap::protocol::proves_absence(handle, handle.cache_line_of_thread(),
                                              handle.key(&key, sizeof key).hash))
      ++key;
    return key;
  }
  const twinmap::protocol::segment_view& view() const {
    return twinmap::detail::map_access::handle(*one).view;
  }
  static std::vector<test_support::place> touches(const std::byte* from, std::size_t size,
                                                  const std::function<void()>& body) {
    constexpr std::uintptr_t page = 4096;
    const std::uintptr_t first = reinterpret_cast<std::uintptr_t>(from) / page * page;
    const std::uintptr_t end = reinterpret_cast<std::uintptr_t>(from) + size;
    return test_support::find_touches(reinterpret_cast<void*>(first),
                                      (end - first + page - 1) / page * page, each_time, body);
  }

  const test_support::scoped_name name_;
  map_type other_{attach_mode::create_only, name_, one_by_one()};
  root_word first_{0};
};

void load_many(const numbers& map) {
  std::array<std::uint64_t, present> keys{};
  for (std::uint64_t key = 0; key != present; ++key)
    keys[key] = key;
  std::array<std::optional<std::uint64_t>, present> values{};
  EXPECT_EQ(map.load_many(keys, values), present);
  for (std::uint64_t key = 0; key != present; ++key)
    EXPECT_EQ(values[key], key * 10);
}

struct call {
  const char* name;
  std::function<void(numbers&)> make;
};
std::ostream& operator<<(std::ostream& out, const call& what) {
  return out << what.name;
}

const call calls[] = {
    {"load", [](numbers& map) { EXPECT_EQ(map.load(7), 70u); }},
    {"load_Absent", [](numbers& map) { EXPECT_FALSE(map.load(first_absent)); }},
    {"contains", [](numbers& map) { EXPECT_TRUE(map.contains(7)); }},
    {"load_many", [](numbers& map) { load_many(map); }},
    {"for_each", [](numbers& map) { map.for_each([](std::uint64_t, std::uint64_t) {}); }},
    {"store", [](numbers& map) { map.store(7, 71); }},
    {"exchange", [](numbers& map) { EXPECT_EQ(map.exchange(7, 71), 70u); }},
    {"exchange_OfAnyType",
     [](numbers& map) {
       auto& handle = twinmap::detail::map_access::handle(map);
       const std::uint64_t key = 7;
       const std::uint64_t value = 71;
       twinmap::protocol::value_buffer previous;
       EXPECT_TRUE(handle.exchange(handle.key(&key, sizeof key),
                                   std::as_bytes(std::span(&value, 1)), previous));
     }},
    {"compare_exchange", [](numbers& map) { EXPECT_TRUE(map.compare_exchange(7, 70, 71)); }},
    {"erase", [](numbers& map) { EXPECT_TRUE(map.erase(7)); }},
    {"erase_Absent", [](numbers& map) { EXPECT_FALSE(map.erase(first_absent)); }},
    {"clear", [](numbers& map) { map.clear(); }},
};

class Replaced : public testing::TestWithParam<call> {
  void SetUp() override {
    if (!test_support::can_come_between) GTEST_SKIP() << "takes x86's trap flag, and no sanitizer";
  }
};

TEST_P(Replaced, IsNotLookedAt) {
  world in;
  in.replace();
  EXPECT_EQ(in.looks_at_the_first([&] { GetParam().make(*in.one); }).size(), 0u);
}

INSTANTIATE_TEST_SUITE_P(By, Replaced, testing::ValuesIn(calls),
                         [](const auto& each) { return each.param.name; });

class ReplacedMeanwhile : public testing::Test {
 protected:
  void SetUp() override {
    if (!test_support::can_come_between) GTEST_SKIP() << "takes x86's trap flag, and no sanitizer";
  }
  using act = std::function<void(world&)>;
  // How often the table before is looked at, if it is replaced before the n-th look at the roots.
  static std::size_t looks(const act& done, std::size_t nth) {
    std::vector<test_support::place> places;
    {
      world in;
      places = in.looks_at_the_roots([&] { done(in); });
    }
    world in;
    EXPECT_LT(nth, places.size());
    bool came = false;
    const auto found = in.looks_at_the_first([&] {
      came = test_support::come_between(
          places.at(nth), [&] { done(in); }, [&] { in.replace(); });
    });
    EXPECT_TRUE(came) << nth << " of " << places.size();
    return found.size();
  }
  static std::size_t looks_undisturbed(const act& done) {
    world in;
    return in.looks_at_the_first([&] { done(in); }).size();
  }
};

// The first look at the roots says that the group may be read, the second is for the proof.
TEST_F(ReplacedMeanwhile, IsNoProofOfAbsence) {
  const act done = [](world& in) { EXPECT_FALSE(in.one->load(in.absent_key)); };
  const std::size_t all = looks_undisturbed(done);
  EXPECT_EQ(looks(done, 0), 0u);
  EXPECT_GT(looks(done, 1), 0u);
  EXPECT_LT(looks(done, 1), all);
  EXPECT_LT(looks(done, 2), all);
}

// A stretch of keys looks at the roots twice before it looks at the table.
TEST_F(ReplacedMeanwhile, IsNoGuessForManyKeys) {
  const act done = [](world& in) { load_many(*in.one); };
  EXPECT_EQ(looks(done, 0), 0u);
  EXPECT_EQ(looks(done, 1), 0u);
  EXPECT_GT(looks_undisturbed(done), 0u);
}

// The first stretch after it costs a look at the new root, and not one for each key.
TEST_F(ReplacedMeanwhile, CostsManyKeysOneMoreLook) {
  world in;
  const auto looks_of_roots = [&] {
    return in.looks_at_the_roots([&] { load_many(*in.one); }).size();
  };
  in.replace();
  const std::size_t at_first = looks_of_roots();
  EXPECT_LE(at_first, looks_of_roots() + 8);
}

}  // namespace
}  // namespace protocol_tests
