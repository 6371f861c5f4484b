// Small values under small keys are changed where they are found (twinmap/in_place.hpp). Whatever
// makes that impossible must be seen there, not only on the general path.
#include <api/fresh_map.hpp>
#include <support/child.hpp>

#include <string>
#include <system_error>

namespace api_test {
namespace {

using number_map = twinmap::map<u64, u64>;

/// Looks `key` up until it is in read, where changes in place are.
void promote(number_map& map, u64 key) {
  for (int i = 0; map.stats(false).amended; ++i) {
    ASSERT_LT(i, 10'000);
    static_cast<void>(map.load(key));
  }
}

class ChangesInPlace : public testing::Test {
 protected:
  ChangesInPlace() {
    map.store(1, 10);
    map.store(2, 20);
    promote(map, 1);
  }
  std::error_code failure_of(auto operation) {
    std::error_code code;
    operation(code);
    return code;
  }

  const test_support::scoped_name name;
  number_map map{twinmap::create_only, name, {.max_bytes = 16 << 20}};
};

TEST_F(ChangesInPlace, DoWhatTheirNamesSayWhateverStands) {
  EXPECT_EQ(map.exchange(1, 11), 10u);
  EXPECT_EQ(map.load_or_store(1, 99), std::pair(u64{11}, true));
  EXPECT_FALSE(map.compare_exchange(1, 10, 12));
  EXPECT_TRUE(map.compare_exchange(1, 11, 12));
  EXPECT_EQ(map.fetch_add(1, 3), 12u);
  EXPECT_FALSE(map.compare_erase(1, 12));
  EXPECT_TRUE(map.compare_erase(1, 15));
  EXPECT_FALSE(map.load(1));
  EXPECT_FALSE(map.erase(1));
  EXPECT_FALSE(map.load_and_erase(1));
  EXPECT_FALSE(map.compare_exchange(1, 15, 16));
  EXPECT_FALSE(map.compare_erase(1, 15));
  EXPECT_EQ(map.exchange(1, 17), std::nullopt);
  EXPECT_EQ(map.load_and_erase(1), 17u);
  EXPECT_EQ(map.load_or_store(1, 18), std::pair(u64{18}, false));
  EXPECT_TRUE(map.erase(1));
  map.store(1, 19);
  EXPECT_EQ(map.load(1), 19u);
  EXPECT_EQ(map.size(), 2u);
  EXPECT_FALSE(map.stats().amended) << "nothing of this needed dirty";
}

TEST_F(ChangesInPlace, CountWhatWasDone) {
  const auto before = map.stats();
  map.store(1, 11);
  map.exchange(2, 21);
  map.erase(1);
  map.erase(1);
  map.compare_erase(2, 20);
  map.compare_exchange(2, 20, 22);
  map.load_or_store(1, 12);
  const auto after = map.stats();
  EXPECT_EQ(after.stores - before.stores, 3u);
  EXPECT_EQ(after.erases - before.erases, 1u);
  EXPECT_EQ(after.revived - before.revived, 1u);
  EXPECT_EQ(after.inserts, before.inserts);
  EXPECT_EQ(after.entries, 2u);
  EXPECT_EQ(after.entries_live, 2u);
}

TEST_F(ChangesInPlace, TellOthersOfTheLookupsBefore) {
  number_map other(twinmap::open_only, name);
  map.store(1, 11);
  const u64 before = other.stats(false).hits_read;
  for (int i = 0; i != 7; ++i)
    EXPECT_EQ(map.load(1), 11u);
  EXPECT_EQ(other.stats(false).hits_read, before);
  map.store(1, 12);
  EXPECT_EQ(other.stats(false).hits_read, before + 7);
}

TEST_F(ChangesInPlace, OfKeysThatOnlyDirtyHasBringThemIntoRead) {
  map.store(3, 30);
  ASSERT_TRUE(map.stats(false).amended);
  for (int i = 0; i != 1000 && map.stats(false).amended; ++i)
    map.store(3, 31);
  EXPECT_FALSE(map.stats(false).amended);
}

TEST_F(ChangesInPlace, FailOnAMapThatWasRemoved) {
  ASSERT_TRUE(twinmap::remove(name));
  const auto retired = twinmap::make_error_code(twinmap::errc::retired);
  EXPECT_EQ(failure_of([&](auto& code) { map.store(1, 2, code); }), retired);
  EXPECT_EQ(failure_of([&](auto& code) { map.erase(1, code); }), retired);
  EXPECT_EQ(failure_of([&](auto& code) { map.erase(12345, code); }), retired);
  EXPECT_EQ(failure_of([&](auto& code) { map.compare_exchange(1, 77, 78, code); }), retired);
  EXPECT_EQ(failure_of([&](auto& code) { map.load_or_store(1, 2, code); }), retired);
  EXPECT_EQ(map.load(1), 10u);
}

TEST_F(ChangesInPlace, FailOnAHandleThatMayOnlyRead) {
  number_map view(twinmap::open_read_only, name);
  EXPECT_EQ(view.load(1), 10u);
  const auto read_only = twinmap::make_error_code(twinmap::errc::read_only);
  EXPECT_EQ(failure_of([&](auto& code) { view.store(1, 2, code); }), read_only);
  EXPECT_EQ(failure_of([&](auto& code) { view.erase(12345, code); }), read_only);
  EXPECT_EQ(failure_of([&](auto& code) { view.compare_erase(1, 77, code); }), read_only);
}

// The child's copy of the thread's state says that there is a lease; it is the parent's.
TEST_F(ChangesInPlace, OfAForkedChildAreItsOwn) {
  map.store(1, 11);
  const u64 writers = map.stats(false).writers;
  test_support::child child([&] {
    map.store(1, 12);
    EXPECT_EQ(map.stats(false).writers, writers + 1);
    EXPECT_EQ(map.exchange(1, 13), 12u);
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(map.load(1), 13u);
}

}  // namespace
}  // namespace api_test
