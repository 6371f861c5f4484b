// Index tables and size classes: arithmetic that the whole map rests on, tested exhaustively where
// it is small.

#include <gtest/gtest.h>

#include <twinmap/storage/blocks.hpp>
#include <twinmap/storage/table_words.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <random>
#include <vector>

namespace twinmap::storage {
namespace {

template <class Group>
class an_index_table : public testing::Test {
 protected:
  static constexpr std::uint64_t groups = 7;
  alignas(64) std::array<std::byte, groups * group_bytes> memory{};
};

using kinds = testing::Types<narrow_group, wide_group>;
TYPED_TEST_SUITE(an_index_table, kinds);

TYPED_TEST(an_index_table, finds_the_words_of_a_slot_until_it_is_full) {
  constexpr std::uint64_t capacity = TestFixture::groups * TypeParam::per_group;
  std::mt19937 draw(1);
  std::map<std::uint64_t, std::uint32_t> hashes;
  for (std::uint64_t slot = 1; slot <= capacity; ++slot) {
    const std::uint32_t low =
        slot % 3 == 0 ? 0 : static_cast<std::uint32_t>(draw());  // a third of them collide
    hashes[slot] = low;
    const std::uint64_t hash = (std::uint64_t{draw()} << 32) | low;
    ASSERT_EQ(placed::in_empty, place_word<TypeParam>(this->memory.data(), this->groups, low,
                                                      index_word::make(hash, slot)));
  }
  EXPECT_EQ(placed::no_room,
            place_word<TypeParam>(this->memory.data(), this->groups, 5, index_word::make(0, 999)));
  for (const auto& [slot, low] : hashes) {
    int found = 0;
    for_words_of<TypeParam>(this->memory.data(), this->groups, low, slot,
                            [&](std::byte*, unsigned) { ++found; });
    ASSERT_EQ(1, found) << slot;
  }
}

TYPED_TEST(an_index_table, takes_a_new_word_over_a_tombstone) {
  ASSERT_EQ(placed::in_empty,
            place_word<TypeParam>(this->memory.data(), this->groups, 0, index_word::make(0, 1)));
  for_words_of<TypeParam>(this->memory.data(), this->groups, 0, 1,
                          [](std::byte* group, unsigned i) { bury_word(group, i); });
  EXPECT_EQ(0u, match_named<TypeParam>(this->memory.data()));
  EXPECT_EQ(all_words<TypeParam> & ~group_mask{1}, match_empty<TypeParam>(this->memory.data()));
  EXPECT_EQ(placed::over_tombstone,
            place_word<TypeParam>(this->memory.data(), this->groups, 0, index_word::make(0, 2)));
}

// The vector comparisons and the portable ones agree on every tag, in every place, whatever the
// numbers are.
TYPED_TEST(an_index_table, matches_tags_like_a_plain_loop) {
  std::mt19937_64 draw(2);
  for (int round = 0; round != 20000; ++round) {
    std::byte* group = this->memory.data();
    for (unsigned i = 0; i != TypeParam::per_group; ++i) {
      const std::uint64_t hash = draw() & (round % 2 == 0 ? ~0ull : 0x0300000000000000ull);
      store_word<TypeParam>(group, i, index_word::make(hash, draw()));
      if (const std::uint64_t what = draw() % 4; what < 2)
        store_tag(group, i, what == 0 ? empty_tag : tombstone_tag);
    }
    const std::uint64_t hash = draw() & 0x03FFFFFFFFFFFFFFull;
    const auto scan = [group](auto f) { return scan_tags<TypeParam>(group, f); };
    ASSERT_EQ(scan([&](std::uint8_t t) { return t == tag_of(hash); }),
              match_tag<TypeParam>(group, hash));
    ASSERT_EQ(scan([](std::uint8_t t) { return t == empty_tag; }), match_empty<TypeParam>(group));
    ASSERT_EQ(scan([](std::uint8_t t) { return t >= least_tag; }), match_named<TypeParam>(group));
  }
}

// A number lies beside others, not aligned: none of its bits get into theirs.
TYPED_TEST(an_index_table, keeps_every_number_in_every_place) {
  std::mt19937_64 draw(3);
  constexpr std::uint64_t largest = (1ull << (8 * TypeParam::number_bytes)) - 1;
  std::byte* group = this->memory.data();
  for (int round = 0; round != 2000; ++round) {
    std::array<std::uint64_t, TypeParam::per_group> numbers{};
    for (unsigned i = 0; i != TypeParam::per_group; ++i) {
      numbers[i] = round % 3 == 0 ? largest : round % 3 == 1 ? 0 : draw() & largest;
      store_word<TypeParam>(group, i, index_word::make(draw(), numbers[i]));
    }
    for (unsigned i = 0; i != TypeParam::per_group; ++i)
      ASSERT_EQ(numbers[i], load_number<TypeParam>(group, i)) << i;
  }
}

// A build that leaves no room would be followed by another one at once; and a larger table for more
// words is what lets dirty grow at all.
TYPED_TEST(an_index_table, is_made_with_room_for_half_as_many_words_again) {
  constexpr bool wide = std::is_same_v<TypeParam, wide_group>;
  std::uint64_t before = 0;
  for (std::uint64_t words = 1; words < 200'000; ++words) {
    const std::uint64_t made = groups_for<TypeParam>(words);
    ASSERT_GE(made, before) << words;
    ASSERT_GE(fill_limit(root_word::make(0, made, wide, 0)) * 10, words * 14) << words;
    before = made;
  }
}

TEST(a_tag, is_never_what_an_empty_place_or_a_tombstone_has) {
  for (std::uint64_t top = 0; top != 256; ++top) {
    EXPECT_GE(tag_of(top << 56), least_tag);
    EXPECT_EQ(std::max<std::uint64_t>(top, least_tag), tag_of((top << 56) | 0xFFFFFF));
  }
}

TEST(a_home_group, is_always_inside_the_table) {
  for (const std::uint64_t groups :
       std::array<std::uint64_t, 5>{1, 2, 3, 1000, root_word::max_groups})
    for (const std::uint32_t hash : {0u, 1u, 0x7FFFFFFFu, 0xFFFFFFFFu})
      EXPECT_LT(home_group(hash, groups), groups);
}

TEST(a_size_class, holds_its_lengths_and_wastes_at_most_a_quarter) {
  std::uint32_t last = 0;
  for (std::uint64_t granules = 1; granules != 5000; ++granules) {
    const std::uint64_t rounded = class_granules(granules);
    const std::uint32_t number = class_number(granules);
    ASSERT_GE(rounded, granules);
    ASSERT_LE(rounded * 4, granules * 5 + 3) << granules;
    ASSERT_EQ(rounded, granules_of_class(number)) << granules;
    ASSERT_EQ(number, class_number(rounded));
    ASSERT_TRUE(number == last || number == last + 1 || granules == 1) << granules;
    last = number;
  }
  ASSERT_LT(last, class_count);
}

TEST(a_block, has_the_size_of_its_class_or_whole_chunks) {
  for (const std::uint32_t granule_shift : {5u, 6u}) {
    const heap_geometry heap{.chunk_shift = 16,
                             .granule_shift = granule_shift,
                             .pairs_shift = 16 - granule_shift,
                             .chunks = 1u << 16};
    for (std::uint32_t length = 1; length != 200'000; ++length) {
      const block_size size = heap.size_of(length);
      const std::uint32_t owner = (7u << heap.pairs_shift) + (size.small() ? 3 : 0);
      const block_place place = heap.place(block_ref::make(owner, length));
      ASSERT_EQ(length <= heap.largest_small(), size.small()) << length;
      if (size.small()) {
        ASSERT_EQ(class_number(heap.granules(length)), size.size_class) << length;
        ASSERT_EQ(class_granules(heap.granules(length)) << granule_shift, size.bytes) << length;
      } else {
        ASSERT_EQ((length + 0xFFFFu) / 0x10000u * 0x10000u, size.bytes) << length;
      }
      ASSERT_EQ(7u, place.chunk) << length;
      ASSERT_EQ(size.small() ? 3u : 0u, place.index) << length;
      ASSERT_EQ((7u << 16) + place.index * size.bytes, place.offset) << length;
    }
  }
}

TEST(an_entry_word, never_goes_back_and_keeps_its_parts_apart) {
  entry_word word{0};
  for (int i = 0; i != 1000; ++i) {
    const auto state = static_cast<entry_state>(i % 5);
    const entry_word next = word.next(state, static_cast<unsigned>(i % 9));
    ASSERT_EQ(word.version() + 1, next.version());
    ASSERT_EQ(state, next.state());
    ASSERT_EQ(static_cast<unsigned>(i % 9), next.inline_length());
    ASSERT_EQ(state == entry_state::live_inline || state == entry_state::live_block, next.live());
    word = next;
  }
}

}  // namespace
}  // namespace twinmap::storage
