// P6, one check after the other: a word of the segment holds what it never should, somebody uses
// it, and neither follows it out of what is resident nor makes more of it.

#include <support/touches.hpp>
#include <twinmap/protocol/locked.hpp>
#include <twinmap/protocol/process_state.hpp>
#include <twinmap/protocol/standby.hpp>

#include <cstring>
#include <functional>
#include <string>

#include "fenced.hpp"

namespace protocol_tests {
namespace {

using twinmap::errc;
using twinmap::protocol::locked_section;
using twinmap::protocol::standby_state;
using twinmap::storage::entry_word;
using twinmap::storage::index_word;
using twinmap::storage::narrow_group;

// ---- numbers of slots

TEST_F(Spoilt, ASlotNumberInReadIsNotFollowedByALookup) {
  fill_read(50);
  EXPECT_TRUE(map.load(key_of(1)));
  rename_words(read_root(), far_slot());
  fenced([this] {
    for (std::uint64_t i = 0; i != 50; ++i)
      EXPECT_FALSE(map.load(key_of(i)));
  });
}

TEST_F(Spoilt, ASlotNumberIsNotFollowedByWhoBuildsATable) {
  fill_read(50, 10);
  rename_words(read_root(), far_slot());
  fenced([this] {
    map.compact();
    EXPECT_EQ(map.stats().read_words, 0u);
  });
}

TEST_F(Spoilt, ASlotNumberIsNotFollowedByWhoMakesAStandbyOfAnotherShape) {
  fill_read(50);
  insert(50, 60);
  rename_words(dirty_root(), far_slot());
  header().counts.dirty_filled = twinmap::storage::fill_limit(dirty_root());
  fenced([this] { EXPECT_TRUE(map.prepare_standby()); });
}

TEST_F(Spoilt, ASlotNumberThatNoNarrowWordHasRoomForIsNotIndexed) {
  fill_read(5);
  auto by = writer();
  locked_section at(by);
  const std::uint64_t words = header().counts.read_words;
  EXPECT_FALSE(index_locked(at, twinmap::storage::narrow_slots, 0));
  EXPECT_EQ(header().counts.read_words, words);
}

TEST_F(Spoilt, TheNumberOfSlotsUsedLeadsNobodyBeyondTheResidentOnes) {
  insert(0, 20);
  header().locked.slots_used = far_slot();
  fenced([this] {
    map.sweep();
    EXPECT_EQ(map.stats(true).entries_live, 20u);
    EXPECT_EQ(map.count(), 20u);
    EXPECT_FALSE(map.check().findings.empty());
  });
}

TEST_F(Spoilt, AnIntentThatNamesNoSlotSettlesNothing) {
  insert(0, 20);
  header().locked.slots_used = far_slot();
  header().locked.intent_slot = far_slot() - 1;
  leave_mutex_locked();
  fenced([this] { map.promote(); });
  EXPECT_EQ(header().locked.intent_slot, 0u);
}

TEST_F(Spoilt, AnIntentThatNamesASlotNotYetHandedOutSettlesNothing) {
  insert(0, 20);
  header().locked.intent_slot = header().locked.slots_used.load() + 1;
  leave_mutex_locked();
  map.promote();
  EXPECT_EQ(header().locked.free_head, 0u);
  EXPECT_EQ(map.check().findings, std::vector<std::string>());
}

TEST_F(Spoilt, AFreeListThatLeadsToASlotNotYetHandedOutEnds) {
  insert(0, 20);
  header().locked.free_head = header().locked.slots_used.load() + 3;
  insert(20, 30);
  EXPECT_EQ(map.check().findings, std::vector<std::string>());
  EXPECT_EQ(map.count(), 30u);
}

TEST_F(Spoilt, ALimitOfSlotsThatIsNotBelievedIsNotBuiltOn) {
  using twinmap::storage::seal;
  using twinmap::storage::sealed;
  insert(0, 20);
  const std::uint64_t beyond =
      seal(view().seal_seed, sealed::slots, static_cast<std::uint32_t>(view().max_slots) + 5);
  for (const std::uint64_t limit : {std::uint64_t{0}, std::uint64_t{12345}, beyond}) {
    header().roots.slots_committed = limit;
    texts fresh(attach_mode::open_only, name, small());
    EXPECT_EQ(code_of([&] { fresh.store("a new one", "x"); }), errc::corrupted) << limit;
    EXPECT_EQ(header().roots.slots_committed, limit);
  }
}

TEST_F(Spoilt, ALimitOfSlotsThatIsNotBelievedLetsNobodyReap) {
  insert(0, 5);
  auto& first = view().slot(1).value;
  constexpr std::uint64_t another_cycle = 12345;
  first.second = another_cycle;
  first.first = entry_word{first.first}.next(entry_state::expunged).bits;
  header().roots.slots_committed = 0;
  texts fresh(attach_mode::open_only, name, small());
  header().locked.reap_left = 5;
  const std::uint64_t word = first.first;
  fresh.sweep();
  EXPECT_EQ(first.first, word);
}

// ---- roots

TEST_F(Spoilt, ARootThatLeadsNowhereIsNotCopied) {
  fill_read(50, 10);
  const std::uint64_t words = map.stats().read_words;
  const std::uint64_t sound = read_root().bits;
  for (const std::uint64_t root : {far_root().bits, sound & ~root_word::max_groups}) {
    header().roots.read = root;
    fenced([this] { EXPECT_EQ(code_of([this] { map.compact(); }), errc::corrupted); });
    EXPECT_EQ(header().roots.read, root);
    EXPECT_EQ(header().counts.read_words, words);
  }
}

TEST_F(Spoilt, ARootThatLeadsNowhereIsNotWalked) {
  insert(0, 5);
  header().roots.read = far_root().bits;
  fenced([this] { EXPECT_TRUE(map.slot_of(key_of(1))); });
}

TEST_F(Spoilt, ACountOfWordsThatNoTableCouldHoldMakesNone) {
  fill_read(50);
  // So many groups that the number of their chunks would be 1 if it were cut to 32 bits.
  constexpr std::uint64_t groups = (1ull << 42) + 512;
  constexpr std::uint64_t words = (groups - 1) * (twinmap::storage::narrow_group::per_group / 2);
  header().counts.read_words = words - 1;
  header().counts.read_filled = words - 1;
  header().counts.size_correction = static_cast<std::int64_t>(words);
  fenced([this] {
    map.store("a new one", "x");
    EXPECT_EQ(map.load("a new one"), "x");
  });
}

// A root of two chunks, of which only the first may be followed, and a key in whose home group
// there is neither room nor a word of it.
class SpoiltRoot : public Spoilt {
 protected:
  static constexpr std::uint64_t per_chunk = (1u << 16) / twinmap::storage::group_bytes;
  static constexpr std::uint64_t groups = 2 * per_chunk;

  std::uint64_t home_of(const std::string& key) const {
    return twinmap::storage::home_group(
        static_cast<std::uint32_t>(view().hash(key.data(), key.size())), groups);
  }
  // One from whose home group on the first chunk has `left` groups at most.
  std::string key_before_the_end(std::uint64_t left) const {
    for (std::uint64_t i = 0;; ++i)
      if (const std::uint64_t home = home_of(key_of(i));
          home < per_chunk && home + left >= per_chunk)
        return key_of(i);
  }
  void use_table_at(std::uint32_t chunk, std::uint64_t full_group) {
    const root_word root = root_word::make(std::uint64_t{chunk} << 16, groups, false, 1);
    std::memset(group(root, 0), 0, per_chunk * twinmap::storage::group_bytes);
    std::memset(group(root, full_group), twinmap::storage::tombstone_tag,
                twinmap::storage::narrow_group::per_group);
    header().roots.read = root.bits;
  }
  void expect_corrupted(const std::string& key) {
    EXPECT_EQ(code_of([&] { map.load(key); }), errc::corrupted);
    EXPECT_EQ(code_of([&] { map.erase(key); }), errc::corrupted);
  }
};

TEST_F(SpoiltRoot, OfATableThatRunsOutOfTheHeapProvesNothing) {
  const std::string key = key_before_the_end(per_chunk);
  const std::uint64_t home = home_of(key);
  ASSERT_NE(home + 1, per_chunk);
  fenced([&] {
    use_table_at(view().resident_chunks() - 1, home);
    expect_corrupted(key);
  });
}

TEST_F(SpoiltRoot, OfATableWhoseMemoryWasGivenBackIsNotFollowedThere) {
  const std::string key = key_before_the_end(1);
  fenced([&] {
    const std::uint32_t second = view().resident_chunks() - 1;
    view().chunk(second).pairs |= twinmap::storage::given_back_bit;
    std::byte* memory = view().heap.heap + (std::uint64_t{second} << 16);
    const fenced_pages gone(memory, memory + (1u << 16));
    use_table_at(second - 1, per_chunk - 1);
    expect_corrupted(key);
  });
}

// R6: not to the end of a long table that is read no more.
TEST_F(SpoiltRoot, ThatIsNoneAnyMoreEndsASearchSoon) {
  if (!test_support::can_come_between) GTEST_SKIP() << "takes x86's trap flag, and no sanitizer";
  fill_read(20);
  const std::uint64_t before = header().roots.read;
  const auto chunk = chunks().claim(1, writer().context.me);
  ASSERT_TRUE(chunk);
  const root_word full = root_word::make(std::uint64_t{*chunk} << 16, per_chunk, false, 1);
  std::memset(group(full, 0), twinmap::storage::tombstone_tag,
              per_chunk * twinmap::storage::group_bytes);
  auto& file = map.raw().state().file;
  const auto accesses_of = [&](const std::function<void()>& search) {
    std::size_t count = 0;
    header().roots.read = full.bits;
    test_support::watch_accesses(file.base(), file.size(), search, [&](std::uintptr_t) {
      if (++count == 30) header().roots.read = before;
      return true;
    });
    return count;
  };
  EXPECT_LT(accesses_of([this] { EXPECT_EQ(map.load(key_of(3)), value_of(3)); }), per_chunk / 2);
  EXPECT_LT(accesses_of([this] { EXPECT_TRUE(map.erase(key_of(3))); }), per_chunk / 2);
}

// But to its end if it is: the last group that a search comes to is the one before its home.
TEST_F(SpoiltRoot, OfAFullTableIsSearchedToItsEnd) {
  fill_read(20);
  const std::string key = key_of(3);
  const std::uint64_t number = map.slot_of(key)->number;
  index_word word{};
  for (std::uint64_t i = 0; i != read_root().groups(); ++i)
    twinmap::storage::for_words_in<narrow_group>(group(read_root(), i),
                                                 [&](unsigned, index_word each) {
                                                   if (each.slot == number) word = each;
                                                 });
  const auto chunk = chunks().claim(1, writer().context.me);
  ASSERT_TRUE(chunk);
  const root_word full = root_word::make(std::uint64_t{*chunk} << 16, per_chunk, false, 1);
  std::memset(group(full, 0), twinmap::storage::tombstone_tag,
              per_chunk * twinmap::storage::group_bytes);
  const std::uint64_t home = twinmap::storage::home_group(
      static_cast<std::uint32_t>(view().hash(key.data(), key.size())), per_chunk);
  twinmap::storage::store_word<narrow_group>(group(full, (home + per_chunk - 1) % per_chunk), 0,
                                             word);
  header().roots.read = full.bits;
  EXPECT_EQ(map.load(key), value_of(3));
  EXPECT_TRUE(map.erase(key));
  EXPECT_FALSE(map.load(key));
}

// ---- a standby

class SpoiltStandby : public Spoilt {
 protected:
  void SetUp() override {
    fill_read(20);
    insert(20, 21);
    ASSERT_TRUE(map.prepare_standby());
  }
  void mark(std::uint64_t group) {
    auto by = writer();
    locked_section at(by);
    twinmap::protocol::mark_standby_locked(at, group);
  }
  standby_state state() const { return static_cast<standby_state>(header().standby.state.load()); }
  root_word table() const { return {header().standby.table.load()}; }
};

TEST_F(SpoiltStandby, IsDroppedWhereItsSourceHasNoSuchGroup) {
  mark(dirty_root().groups());
  EXPECT_EQ(state(), standby_state::none);
}

TEST_F(SpoiltStandby, IsDroppedWhereItOrItsSourceLeadsNowhere) {
  header().standby.source = far_root().bits;
  fenced([this] { mark(0); });
  EXPECT_EQ(state(), standby_state::none);
  ASSERT_TRUE(map.prepare_standby());
  header().standby.table = far_root().bits;
  fenced([this] { mark(0); });
  EXPECT_EQ(state(), standby_state::none);
}

TEST_F(SpoiltStandby, CopiesNoMarkedGroupThatItsSourceDoesNotHave) {
  constexpr unsigned last = 63;
  ASSERT_LT(dirty_root().groups(), last);
  ASSERT_TRUE(dirty_root().groups() == table().groups());
  std::byte* const beyond = group(table(), last);
  std::memset(group(dirty_root(), last), 0x55, twinmap::storage::group_bytes);
  std::memset(beyond, 0xAA, twinmap::storage::group_bytes);
  *reinterpret_cast<std::uint64_t*>(group(table(), table().groups())) = 1ull << last;
  header().standby.marked = 1;
  map.promote();
  EXPECT_EQ(*beyond, std::byte{0xAA});
}

TEST_F(Spoilt, ADirtyAtTheEndOfTheHeapIsCopiedWithoutALookBeyond) {
  fill_read(50);
  insert(50, 60);
  fenced([this] {
    const std::uint32_t last = view().resident_chunks() - 1;
    const auto entry = chunks().load(last);
    chunks().exchange(last, entry, entry.next(twinmap::storage::chunk_kind::table, 1));
    const root_word root = root_word::make(std::uint64_t{last} << 16,
                                           (1u << 16) / twinmap::storage::group_bytes, false, 1);
    std::memset(group(root, 0), 0, 1u << 16);
    header().roots.dirty = root.bits;
    header().counts.dirty_filled = twinmap::storage::fill_limit(root);
    EXPECT_TRUE(map.prepare_standby());
  });
}

}  // namespace
}  // namespace protocol_tests
