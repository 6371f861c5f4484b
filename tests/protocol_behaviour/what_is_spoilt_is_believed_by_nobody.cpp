// P6, one check after the other: leases, blocks and chunks that say what cannot be.

#include <fcntl.h>
#include <twinmap/platform/ofd_lock.hpp>
#include <twinmap/protocol/care.hpp>
#include <twinmap/protocol/gather.hpp>

#include "fenced.hpp"

namespace protocol_tests {
namespace {

using twinmap::errc;
using twinmap::platform::incarnation_limit;
using twinmap::platform::lease_id;
using twinmap::protocol::lease_word;
using twinmap::storage::block_ref;
using twinmap::storage::chunk_kind;
using twinmap::storage::owner_word;

// ---- leases

class SpoiltLease : public Spoilt {
 protected:
  static constexpr std::uint32_t unused = 200;
  twinmap::platform::lease_record& record() const { return view().lease(unused).who; }
};

TEST_F(SpoiltLease, WithAnIncarnationThatCannotBeIsNobodys) {
  insert(0, 1);
  record().held = 1;
  record().incarnation = incarnation_limit + 5;
  EXPECT_EQ(twinmap::protocol::tend(map.raw()), 0u);
  EXPECT_EQ(twinmap::protocol::writers(map.raw()).size(), 1u);
}

TEST_F(SpoiltLease, OfACaretakerDoesNotLive) {
  const lease_id mine = writer().context.me;
  header().care.caretaker = lease_word(mine);
  ASSERT_TRUE(map.stats().cared_for);
  header().care.caretaker = lease_word({mine.slot, mine.incarnation + incarnation_limit});
  EXPECT_FALSE(map.stats().cared_for);
  const lease_id nobodys{view().constant.max_writers, 7};
  const int other = ::open(name.lock_file().c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_TRUE(twinmap::platform::try_lock_byte(other, twinmap::platform::liveness_byte(nobodys)));
  header().care.caretaker = lease_word(nobodys);
  EXPECT_FALSE(map.stats().cared_for);
  ::close(other);
}

TEST_F(SpoiltLease, ThatNoWriterCouldHaveKeepsItsBlock) {
  insert(0, 1);
  const block_ref block{slot_of(key_of(0)).value.second};
  auto& pair = view().heap.owners[block.owner()].first;
  const std::uint64_t theirs = owner_word::leased({view().constant.max_writers, 7}).bits;
  pair = theirs;
  map.sweep();
  EXPECT_EQ(pair, theirs);
}

TEST_F(SpoiltLease, ThatNoWriterCouldHaveKeepsNoChunk) {
  const auto claimed = chunks().claim(1, writer().context.me);
  ASSERT_TRUE(claimed);
  fenced([&] {
    const auto& constant = view().constant;
    const std::uint64_t far =
        constant.slots.offset + (std::uint64_t{far_slot()} << constant.slot_shift);
    const std::uint64_t slot = (far - constant.leases.offset) / constant.lease_stride;
    ASSERT_LE(slot, twinmap::platform::max_lease_slots);
    const auto entry = chunks().load(*claimed);
    chunks().exchange(*claimed, entry,
                      entry.next(chunk_kind::claimed, 0, static_cast<std::uint32_t>(slot)));
    map.sweep();
    EXPECT_EQ(chunks().load(*claimed).kind(), chunk_kind::free);
  });
}

// ---- values

TEST_F(Spoilt, AValueOutsideOfTheHeapIsNotRead) {
  insert(0, 1);
  const std::uint32_t owner = (view().heap.chunks - 1) << view().heap.pairs_shift;
  slot_of(key_of(0)).value.second = block_ref::make(owner, 100).bits;
  fenced([this] {
    EXPECT_EQ(code_of([this] { map.load(key_of(0)); }), errc::corrupted);
    EXPECT_EQ(code_of([this] { map.count(); }), errc::corrupted);
    map.erase(key_of(0));
  });
}

TEST_F(Spoilt, AValueInASlotIsNoLongerThanThat) {
  map.store("key", "1234567");
  slot_of("key").value.first |= 15u << 3;
  EXPECT_EQ(code_of([this] { map.load("key"); }), errc::corrupted);
  EXPECT_EQ(code_of([this] { map.count(); }), errc::corrupted);
}

class SpoiltCheck : public Spoilt {
 protected:
  bool finds(const std::string& what) const {
    for (const std::string& finding : map.check().findings)
      if (finding.find(what) != std::string::npos) return true;
    return false;
  }
};

TEST_F(SpoiltCheck, FindsAValueThatLeadsNowhere) {
  insert(0, 1);
  EXPECT_FALSE(finds("outside the heap"));
  auto& payload = slot_of(key_of(0)).value.second;
  payload = block_ref::make(block_ref{payload}.owner(), 1'000).bits;
  EXPECT_TRUE(finds("outside the heap"));
}

TEST_F(SpoiltCheck, FindsAValueThatIsTooLongForItsSlot) {
  map.store("key", "1234567");
  slot_of("key").value.first |= 15u << 3;
  EXPECT_TRUE(finds("has an inline value of 15 bytes"));
}

// One that a writer got from a heap that has grown since the check began is no finding: the check
// is made again. Here it has grown by what nobody could have.
TEST(SpoiltGrowth, OfTheHeapDuringACheckLeadsItNowhere) {
  using twinmap::storage::chunk_entry;
  using twinmap::storage::seal;
  using twinmap::storage::sealed;
  const test_support::scoped_name name;
  test_maps::raw_settings settings = one_by_one();
  settings.max_bytes = 8ull << 30;
  texts map(attach_mode::create_only, name, settings);
  constexpr std::uint64_t keys = 1100;  // it tells of its progress every 1024 steps
  for (std::uint64_t i = 0; i != keys; ++i)
    map.store("key " + std::to_string(i), "v");
  map.store("last", std::string(100, 'v'));
  const auto& view = map.raw().view;
  const std::uint32_t last = view.heap.chunks - 1;
  const auto& payload = view.slot(map.slot_of("last")->number).value.second;
  const chunk_entry entry =
      map.raw().state().blocks.chunks().load(block_ref{payload}.owner() >> view.heap.pairs_shift);
  const auto grow = [&](std::uint64_t, std::uint64_t) {
    view.header->roots.heap_committed = seal(view.seal_seed, sealed::chunks, view.heap.chunks);
    auto& record = view.chunk(last);
    record.entry = entry.bits;
    record.pairs = 1;
    record.pairs_check = check_of(view.seal_seed, sealed::pairs, last, 1);
    view.slot(map.slot_of("last")->number).value.second =
        block_ref::make(last << view.heap.pairs_shift, 100).bits;
  };
  for (const std::string& finding : twinmap::protocol::check(map.raw(), grow).findings)
    ADD_FAILURE() << finding;
}

// ---- chunks

class SpoiltChunk : public Spoilt {
 protected:
  void become_small(std::uint32_t chunk, std::uint32_t size_class) {
    const auto entry = chunks().load(chunk);
    ASSERT_TRUE(chunks().exchange(chunk, entry, entry.next(chunk_kind::small, size_class)));
  }
};

TEST_F(SpoiltChunk, OfAClassThatIsNoneHasNoBytesFree) {
  insert(0, 1);
  const auto claimed = chunks().claim(1, writer().context.me);
  ASSERT_TRUE(claimed);
  const std::uint64_t before = twinmap::protocol::heap(map.raw()).bytes_free_in_chunks;
  // By this number its blocks would be the smallest ones.
  constexpr std::uint32_t no_class = 260;
  view().chunk(*claimed).free_hint = 5;
  become_small(*claimed, no_class);
  EXPECT_EQ(twinmap::protocol::heap(map.raw()).bytes_free_in_chunks, before);
}

TEST_F(SpoiltChunk, OfAClassThatIsNoneIsNoHint) {
  auto by = writer();
  constexpr std::uint32_t length = 100;
  const auto block = by.blocks().allocate(length, by.context);
  ASSERT_TRUE(block);
  constexpr std::uint32_t no_class = 1000;
  become_small(block.ref.owner() >> view().heap.pairs_shift, no_class);
  auto* const beyond = reinterpret_cast<std::byte*>(&header().allocation.class_hint) +
                       no_class * sizeof(std::uint32_t);
  constexpr std::uint32_t nobodys = 0x5EED5EED;
  std::memcpy(beyond, &nobodys, sizeof nobodys);
  header().allocation.tight = 1;
  by.blocks().cancel(block, by.context);
  EXPECT_EQ(std::memcmp(beyond, &nobodys, sizeof nobodys), 0);
}

TEST_F(SpoiltChunk, OfAClassThatIsNoneIsNotGathered) {
  insert(0, 50);
  twinmap::protocol::gatherer gatherer(map.raw());
  const std::uint32_t all = chunks().committed();
  for (std::uint32_t chunk = 0; chunk + 1 < all; ++chunk)
    ASSERT_TRUE(gatherer.some(1));
  // Counted as what they were, and chosen from as what they are.
  for (std::uint32_t chunk = 0; chunk != all; ++chunk)
    if (chunks().load(chunk).kind() == chunk_kind::small) become_small(chunk, 0xFFFFF);
  EXPECT_FALSE(gatherer.some(1));
}

TEST_F(SpoiltChunk, ALimitOfChunksThatIsNotBelievedIsToBlameForWantOfMemory) {
  insert(0, 1);
  header().roots.heap_committed = 12345;
  EXPECT_EQ(code_of([this] { map.store("long", std::string(1u << 20, 'x')); }), errc::corrupted);
}

// The file may have room for a chunk behind the heap's last one.
TEST(SpoiltGrowth, BehindTheHeapIsNone) {
  using twinmap::storage::seal;
  using twinmap::storage::sealed;
  const test_support::scoped_name name;
  test_maps::raw_settings settings = one_by_one();
  for (settings.max_bytes = 4u << 20;; settings.max_bytes += 4096) {
    ASSERT_LT(settings.max_bytes, 8u << 20);
    const texts tried(attach_mode::create_only, name, settings);
    const auto& constant = tried.raw().view.constant;
    const std::uint64_t end = constant.heap.offset + constant.heap.length;
    if (constant.file_size - end >= 2ull << constant.chunk_shift) break;
    twinmap::protocol::remove(name, {});
  }
  texts map(attach_mode::open_only, name, settings);
  map.store("key", "value");
  const auto& view = map.raw().view;
  const std::uint64_t forged = seal(view.seal_seed, sealed::chunks, view.heap.chunks + 1);
  view.header->roots.heap_committed = forged;
  view.header->allocation.free_chunks = 0;
  try {
    map.store("another", std::string(view.heap.chunk_bytes(), 'v'));
  } catch (const twinmap::error&) {
  }
  EXPECT_EQ(view.header->roots.heap_committed, forged);
}

TEST_F(Spoilt, ASizeClassThatIsNoneIsFound) {
  insert(0, 1);
  const block_ref block{slot_of(key_of(0)).value.second};
  const std::uint32_t chunk = block.owner() >> view().heap.pairs_shift;
  auto& chunks = writer().blocks().chunks();
  const auto entry = chunks.load(chunk);
  constexpr std::uint32_t none = 99;
  ASSERT_TRUE(chunks.exchange(chunk, entry, entry.next(chunk_kind::small, none)));
  bool found = false;
  for (const std::string& finding : map.check().findings)
    found |= finding == "chunk " + std::to_string(chunk) + " has size class 99";
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace protocol_tests
