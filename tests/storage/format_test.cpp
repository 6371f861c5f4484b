// The bytes that lib/FORMAT.md shows are those of a live segment: a change of the format turns this
// red.

#include <support/format_document.hpp>

#include <gtest/gtest.h>

#include <twinmap/storage/block_allocator.hpp>
#include <twinmap/storage/plan.hpp>
#include <twinmap/storage/table_words.hpp>

#include <array>
#include <string>
#include <vector>

namespace twinmap::storage {
namespace {

std::vector<unsigned> documented(const std::string& name) {
  return test_support::documented(TWINMAP_TEST_DATA "/../../lib/FORMAT.md", name);
}

template <class T>
std::vector<unsigned> bytes_of(const T& object, std::size_t length = sizeof(T)) {
  const auto* first = reinterpret_cast<const unsigned char*>(&object);
  return {first, first + length};
}

TEST(the_format, begins_with_the_documented_bytes) {
  header_constant header{};
  header.magic = segment_magic;
  header.version = format_version;
  header.byte_order = byte_order_mark;
  EXPECT_EQ(documented("header"), bytes_of(header, 16));
}

TEST(the_format, has_the_documented_slot) {
  entry slot{};
  const entry_word word = entry_word{0}.next(entry_state::live_inline, 8);
  slot.value.first.store(word.bits);
  slot.value.second.store(2);
  slot.meta.store(entry_meta::make(1, 8).bits);
  slot.key.store(1);
  EXPECT_EQ(documented("slot"), bytes_of(slot));
}

TEST(the_format, has_the_documented_chunks) {
  std::vector<unsigned> chunks;
  chunk_record record{};
  record.entry.store(chunk_entry{0}.next(chunk_kind::table, 1).bits);
  for (const unsigned byte : bytes_of(record))
    chunks.push_back(byte);
  const chunk_entry claimed = chunk_entry{0}.next(chunk_kind::claimed, 0);
  record.entry.store(claimed.next(chunk_kind::table, 1).bits);
  for (const unsigned byte : bytes_of(record))
    chunks.push_back(byte);
  EXPECT_EQ(documented("chunks"), chunks);
}

TEST(the_format, has_its_fields_where_the_document_says) {
  EXPECT_EQ(40u, offsetof(header_constant, layout_hash));
  EXPECT_EQ(64u, offsetof(header_constant, max_entries));
  EXPECT_EQ(96u, offsetof(header_constant, leases));
  EXPECT_EQ(192u, offsetof(header_constant, hash_seed));
  EXPECT_EQ(216u, offsetof(header_constant, uuid));
  EXPECT_EQ(256u, offsetof(header_constant, key_type));
  EXPECT_EQ(512u, offsetof(header_constant, checksum));
  EXPECT_EQ(1024u, offsetof(segment_header, roots));
  EXPECT_EQ(1088u, offsetof(segment_header, locked));
  EXPECT_EQ(1152u, offsetof(segment_header, counts));
  EXPECT_EQ(1216u, offsetof(segment_header, misses));
  EXPECT_EQ(1280u, offsetof(segment_header, allocation));
  EXPECT_EQ(1600u, offsetof(segment_header, care));
  EXPECT_EQ(1664u, offsetof(segment_header, standby));
  EXPECT_EQ(1728u, offsetof(segment_header, totals));
  EXPECT_EQ(64u, offsetof(lease_page, stamps));
  EXPECT_EQ(8u, offsetof(chunk_record, free_hint));
  EXPECT_EQ(10u, offsetof(chunk_record, pairs));
  EXPECT_EQ(12u, offsetof(chunk_record, pairs_check));
}

// The whole layout in one number: whoever changes a struct sees this, and raises the version.
TEST(the_format, has_not_changed_under_its_version) {
  EXPECT_EQ(0xd204cd77ed3b4ff2u, layout_hash());
}

TEST(the_format, encodes_words_as_documented) {
  const root_word root = root_word::make(3 << 16, 17, true, 5).with_amended(true);
  EXPECT_EQ(17u | (1ull << 26) | (1ull << 27) | (5ull << 28) | (3ull << 40), root.bits);
  EXPECT_EQ((100ull << 32) | 9, block_ref::make(9, 100).bits);
  EXPECT_EQ(1ull | (2ull << 2) | (3ull << 14), owner_word::leased({2, 3}).bits);
  EXPECT_EQ((7ull << 12) | 2, make_stamp(2, 7));
}

TEST(the_format, has_groups_as_documented) {
  alignas(64) std::array<std::byte, group_bytes> narrow{};
  store_word<narrow_group>(narrow.data(), 3, index_word::make(0x2Aull << 56, 0x030201));
  EXPECT_EQ(std::byte{0x2A}, narrow[3]);
  EXPECT_EQ(std::byte{1}, narrow[16 + 3 * 3]);
  EXPECT_EQ(std::byte{2}, narrow[16 + 3 * 3 + 1]);
  EXPECT_EQ(std::byte{3}, narrow[16 + 3 * 3 + 2]);
  alignas(64) std::array<std::byte, group_bytes> wide{};
  store_word<wide_group>(wide.data(), 11, index_word::make(0x01ull << 56, 0x04030201));
  EXPECT_EQ(std::byte{2}, wide[11]);
  EXPECT_EQ(std::byte{1}, wide[60]);
  EXPECT_EQ(std::byte{4}, wide[63]);
}

}  // namespace
}  // namespace twinmap::storage
