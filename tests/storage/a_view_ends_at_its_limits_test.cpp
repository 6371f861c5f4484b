// R6: what a view lets its process follow. The limits are published, and believed as long as they
// can be; what a chunk's record says, only if its check says so too.

#include <gtest/gtest.h>
#include <twinmap/storage/view.hpp>

#include <array>
#include <cstdint>

namespace storage_test {
namespace {

using namespace twinmap::storage;  // NOLINT: the layer under test

// Chunks of 128 KiB: a table may begin in the midst of one.
class View : public testing::Test {
 protected:
  static constexpr std::uint32_t chunks = 16;
  static constexpr std::uint32_t published_chunks = 4;
  static constexpr std::uint64_t chunk = 1u << 17;
  static constexpr std::uint64_t heap_end = published_chunks * chunk;
  static constexpr std::uint32_t slots = 1000;
  static constexpr std::uint32_t published_slots = 500;
  static constexpr std::uint32_t length = 64;  // of a block of one granule

  View() {
    view.roots = &roots;
    view.chunk_records = records.data();
    view.heap = {.chunk_shift = 17, .granule_shift = 6, .pairs_shift = 11, .chunks = chunks};
    view.max_slots = slots;
    view.max_heap_bytes = chunks * chunk;
    view.seal_seed = 12345;
    view.seal_flip = seed_flip(view.seal_seed);
    publish(published_slots, published_chunks);
  }
  void publish(std::uint32_t some_slots, std::uint32_t some_chunks) {
    roots.slots_committed = seal(view.seal_seed, sealed::slots, some_slots);
    roots.heap_committed = seal(view.seal_seed, sealed::chunks, some_chunks);
  }
  // The first chunk becomes blocks of one granule.
  void record(std::uint16_t pairs, bool with_check) {
    records[0].entry = chunk_entry{0}.next(chunk_kind::small, 0).bits;
    records[0].pairs = pairs;
    records[0].pairs_check =
        check_of(view.seal_seed, sealed::pairs, 0, pairs) + (with_check ? 0 : 1);
  }

  header_roots roots{};
  std::array<chunk_record, chunks> records{};
  segment_view view;
};

TEST_F(View, EndsWhereThePublishedLimitsSay) {
  EXPECT_TRUE(view.slot_ok(published_slots - 1));
  EXPECT_FALSE(view.slot_ok(published_slots));
  EXPECT_FALSE(view.slot_ok(0));
  EXPECT_TRUE(view.heap_ok(heap_end - 64, 64));
  EXPECT_FALSE(view.heap_ok(heap_end - 64, 65));
  EXPECT_FALSE(view.heap_ok(~0ull, 64));
  publish(slots, chunks);
  EXPECT_TRUE(view.slot_ok(slots - 1));
  EXPECT_TRUE(view.heap_ok(0, chunks * chunk));
}

TEST_F(View, BelievesNoLimitBeyondTheFilesOwn) {
  EXPECT_TRUE(view.slot_ok(1));
  EXPECT_TRUE(view.heap_ok(0, 1));
  publish(slots + 1, chunks + 1);
  EXPECT_FALSE(view.slot_ok(published_slots));
  EXPECT_FALSE(view.slot_ok(slots));
  EXPECT_FALSE(view.heap_ok(heap_end, 64));
  EXPECT_FALSE(view.heap_ok(chunks * chunk, 64));
  EXPECT_EQ(view.resident_slots(), published_slots);
  EXPECT_EQ(view.resident_chunks(), published_chunks);
}

TEST_F(View, BelievesNoLimitWithoutItsCheck) {
  roots.slots_committed = published_slots;
  roots.heap_committed = published_chunks;
  EXPECT_FALSE(view.slot_ok(1));
  EXPECT_FALSE(view.heap_ok(0, 1));
  EXPECT_EQ(view.resident_slots(), 1u);
  EXPECT_EQ(view.resident_chunks(), 0u);
}

TEST_F(View, FollowsABlockOnlyIfItsPairIsResident) {
  record(5, true);
  EXPECT_TRUE(view.block_ok(block_ref::make(4, length)));
  EXPECT_FALSE(view.block_ok(block_ref::make(5, length)));
  EXPECT_EQ(view.resident_pairs(0), 5u);
  EXPECT_EQ(view.block_pairs(0), 5u);
}

TEST_F(View, BelievesNoNumberOfPairsWithoutItsCheck) {
  record(5, false);
  EXPECT_FALSE(view.block_ok(block_ref::make(4, length)));
  EXPECT_EQ(view.resident_pairs(0), 0u);
  EXPECT_EQ(view.block_pairs(0), 0u);
  EXPECT_FALSE(view.resident(0));
}

TEST_F(View, FollowsATableOnlyIfAllOfItIsResident) {
  constexpr std::uint64_t last_unit = heap_end - (1u << root_word::unit_shift);
  constexpr std::uint64_t groups = (1u << root_word::unit_shift) / group_bytes;
  EXPECT_TRUE(view.table_ok(root_word::make(last_unit, groups, false, 1)));
  EXPECT_FALSE(view.table_ok(root_word::make(last_unit, groups + 1, false, 1)));
  EXPECT_FALSE(view.table_ok(root_word::make(last_unit, 0, false, 1)));
}

}  // namespace
}  // namespace storage_test
