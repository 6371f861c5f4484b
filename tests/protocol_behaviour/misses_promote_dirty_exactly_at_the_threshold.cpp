// A lookup that read cannot answer is a miss while read is amended. When misses reach the number of
// entries in dirty, dirty becomes read in one swap. One thread, batch 1.

#include "fixture.hpp"

namespace protocol_tests {
namespace {

constexpr std::uint64_t read_keys = 100;

TEST_F(Transition, AMissIsCountedForAKeyThatOnlyDirtyHolds) {
  fill_read(read_keys);
  map.store(read_keys, 1);
  const std::uint64_t misses = map.counted(counter::misses);
  const std::uint64_t through_dirty = map.counted(counter::hits_dirty);

  EXPECT_EQ(map.load(read_keys), 1u);

  EXPECT_EQ(map.counted(counter::misses), misses + 1);
  EXPECT_EQ(map.counted(counter::hits_dirty), through_dirty + 1);
}

TEST_F(Transition, AMissIsCountedForAKeyThatNobodyHoldsWhileAmended) {
  fill_read(read_keys);
  map.store(read_keys, 1);
  const std::uint64_t misses = map.counted(counter::misses);

  EXPECT_EQ(map.load(12345), std::nullopt);

  EXPECT_EQ(map.counted(counter::misses), misses + 1);
}

TEST_F(Transition, NoMissIsCountedForWhatReadAnswers) {
  fill_read(read_keys);
  map.erase(3);
  const std::uint64_t misses = map.counted(counter::misses);
  const std::uint64_t through_read = map.counted(counter::hits_read);

  EXPECT_EQ(map.load(12345), std::nullopt) << "not amended: read's word is final";
  map.store(read_keys, 1);
  EXPECT_EQ(map.load(0), 0u);
  EXPECT_EQ(map.load(3), std::nullopt) << "a nil slot in read is an answer";

  EXPECT_EQ(map.counted(counter::misses), misses);
  EXPECT_EQ(map.counted(counter::hits_read), through_read + 1);
}

TEST_F(Transition, PromotionHappensExactlyAtTheThreshold) {
  fill_read(read_keys);
  map.store(read_keys, 1);
  const std::uint64_t promotions = map.counted(counter::promotions);
  const std::uint64_t threshold = map.stats().dirty_words;
  ASSERT_EQ(threshold, read_keys + 1);

  for (std::uint64_t miss = 1; miss < threshold; ++miss) {
    EXPECT_EQ(map.load(read_keys), 1u);
    ASSERT_EQ(map.counted(counter::promotions), promotions) << "too early, at miss " << miss;
    ASSERT_TRUE(map.stats().amended);
  }
  EXPECT_EQ(map.load(read_keys), 1u);

  EXPECT_EQ(map.counted(counter::promotions), promotions + 1);
  const auto now = map.stats();
  EXPECT_EQ(now.read_words, read_keys + 1) << "dirty has become read";
  EXPECT_EQ(now.dirty_words, 0u);
  EXPECT_FALSE(now.amended);
  EXPECT_EQ(place_of(read_keys), slot_place::read);
}

TEST_F(Transition, EveryPromotionStartsTheCountAnew) {
  std::uint64_t promotions = map.counted(counter::promotions);
  for (std::uint64_t size = 1; size <= 20; ++size) {
    map.store(size, size);
    for (std::uint64_t miss = 1; miss < size; ++miss)
      EXPECT_EQ(map.load(size), size);
    ASSERT_EQ(map.counted(counter::promotions), promotions) << "with " << size << " keys";
    EXPECT_EQ(map.load(size), size);
    ASSERT_EQ(map.counted(counter::promotions), ++promotions) << "with " << size << " keys";
  }
}

TEST_F(Transition, NothingIsLostByAPromotion) {
  fill_read(read_keys);
  insert(read_keys, 3 * read_keys);
  map.erase(7);
  map.erase(read_keys + 7);
  ASSERT_TRUE(map.promote());
  EXPECT_FALSE(map.promote()) << "there is nothing left to promote";
  for (std::uint64_t key = 0; key < 3 * read_keys; ++key) {
    const bool erased = key == 7 || key == read_keys + 7;
    EXPECT_EQ(map.load(key), erased ? std::nullopt : std::optional(key * 10));
  }
  EXPECT_EQ(map.size(), 3 * read_keys - 2);
}

TEST_F(Transition, AReadOnlyHandleCountsNoMissAndPromotesNothing) {
  fill_read(read_keys);
  map.store(read_keys, 1);
  const map_type reader(attach_mode::open_read_only, name, one_by_one());
  const std::uint64_t promotions = map.counted(counter::promotions);
  for (std::uint64_t i = 0; i < 5 * read_keys; ++i)
    EXPECT_EQ(reader.load(read_keys), 1u);
  EXPECT_EQ(map.counted(counter::promotions), promotions);
  EXPECT_TRUE(map.stats().amended);
  EXPECT_EQ(place_of(read_keys), slot_place::dirty);
}

}  // namespace
}  // namespace protocol_tests
