// How a segment is divided, and that a header which says otherwise is refused.
#include <gtest/gtest.h>
#include <twinmap/platform/huge_pages.hpp>
#include <twinmap/storage/plan.hpp>

#include <string>

namespace storage_test {
namespace {

using twinmap::storage::header_constant;
using twinmap::storage::region;

constexpr std::uint64_t huge = twinmap::platform::huge_page_bytes;

header_constant planned(std::uint64_t max_bytes, bool huge_pages, std::uint64_t file_unit = 0) {
  header_constant header{};
  twinmap::storage::plan_regions({.max_bytes = max_bytes,
                                  .max_writers = 256,
                                  .key_size = 8,
                                  .value_size = 8,
                                  .huge_pages = huge_pages,
                                  .file_unit = file_unit},
                                 "m", header);
  header.magic = twinmap::storage::segment_magic;
  header.version = twinmap::storage::format_version;
  header.byte_order = twinmap::storage::byte_order_mark;
  header.layout_hash = twinmap::storage::layout_hash();
  header.key_type.name_length = header.value_type.name_length = 1;
  return header;
}

// As attaching does; the checksum is set right before.
void check(header_constant header) {
  header.checksum = twinmap::storage::header_checksum(header);
  twinmap::storage::check_header(header, header.file_size, true, "m");
}

std::uint64_t end_of(const region& r) {
  return r.offset + r.length;
}

TEST(Regions, BeginAtHugePagesWhereThoseAreAskedFor) {
  for (const std::uint64_t max_bytes : {64ull << 20, 100'000'000ull, 1ull << 30, 100ull << 30}) {
    const header_constant header = planned(max_bytes, true);
    SCOPED_TRACE(max_bytes);
    EXPECT_EQ(twinmap::storage::region_unit(header), huge);
    for (const region& each : {header.hashes, header.slots, header.owners, header.heap})
      EXPECT_EQ(each.offset % huge, 0u);
    // Memory is taken in whole huge pages: two regions share none.
    EXPECT_GE(header.slots.offset, end_of(header.hashes));
    EXPECT_GE(header.chunk_table.offset, end_of(header.slots));
    EXPECT_GE(header.owners.offset, end_of(header.chunk_table));
    EXPECT_GE(header.heap.offset, end_of(header.owners));
    EXPECT_LE(end_of(header.heap), header.file_size);
    EXPECT_EQ(header.hashes.length % huge, 0u);
    EXPECT_EQ(header.slots.length % huge, 0u);
    check(header);
  }
}

TEST(Regions, AreClosePackedElsewhere) {
  for (const header_constant& header :
       {planned(64u << 20, false), planned(63u << 20, true), planned(1u << 20, true)}) {
    EXPECT_EQ(twinmap::storage::region_unit(header), 4096u);
    EXPECT_EQ(header.hashes.offset, end_of(header.leases));
    EXPECT_EQ(header.slots.offset, end_of(header.hashes));
    EXPECT_EQ(header.chunk_table.offset, end_of(header.slots));
    check(header);
  }
}

TEST(Regions, ThatLieElsewhereAreRefused) {
  header_constant header = planned(1u << 30, true);
  header.huge_pages = 0;
  EXPECT_THROW(check(header), twinmap::error);
  header.huge_pages = 2;
  EXPECT_THROW(check(header), twinmap::error);
  header = planned(1u << 30, false);
  header.huge_pages = 1;
  EXPECT_THROW(check(header), twinmap::error);
}

// What is asked for is refused by the limit that it passes, and says so.
TEST(Regions, AreNotPlannedBeyondTheLimits) {
  const auto refusal = [](std::uint64_t max_bytes, std::uint64_t max_entries) {
    header_constant header{};
    try {
      twinmap::storage::plan_regions(
          {.max_bytes = max_bytes, .max_entries = max_entries, .max_writers = 1}, "m", header);
    } catch (const twinmap::error& refused) {
      return refused.code().message() + ": " + refused.what();
    }
    return std::string();
  };
  EXPECT_NE(refusal((1u << 20) - 1, 0).find("a map takes"), std::string::npos);
  EXPECT_NE(refusal((1ull << 40) + 1, 0).find("a map takes"), std::string::npos);
  EXPECT_EQ(refusal(1ull << 40, 0), "");
  const std::uint64_t most = (1ull << 32) - 2;
  EXPECT_NE(refusal(1ull << 40, most + 1).find("the limit is"), std::string::npos);
}

TEST(Regions, ThatEndBehindTheFileAreRefused) {
  header_constant header = planned(1u << 30, false);
  header.file_size = end_of(header.heap);
  check(header);
  header.file_size -= 4096;
  EXPECT_THROW(check(header), twinmap::error);
}

// The header is read from a copy, but a file that has none is not to be believed.
TEST(AHeader, IsNotLookedForInAFileThatIsTooShort) {
  header_constant header = planned(1u << 20, false);
  header.file_size = twinmap::storage::header_bytes - 4096;
  try {
    twinmap::storage::check_header(header, header.file_size, true, "m");
    FAIL();
  } catch (const twinmap::error& refused) {
    EXPECT_NE(std::string(refused.what()).find("file size"), std::string::npos) << refused.what();
  }
}

TEST(AHeader, OfAnotherByteOrderIsNotCalledDamaged) {
  header_constant header = planned(1u << 20, false);
  header.byte_order = 0x04030201;
  try {
    check(header);
    FAIL();
  } catch (const twinmap::error& refused) {
    EXPECT_EQ(refused.code(), twinmap::errc::incompatible_layout) << refused.what();
  }
}

// Where all values are in the slots the heap has nothing but tables, of which a chunk is one block.
TEST(TheHeap, HasSmallBlocksOnlyForValuesThatDoNotFitIntoASlot) {
  const auto granule_of_values = [](std::uint32_t size) {
    header_constant header{};
    twinmap::storage::plan_regions(
        {.max_bytes = 64u << 20, .max_writers = 256, .key_size = 8, .value_size = size}, "m",
        header);
    return 1u << header.granule_shift;
  };
  EXPECT_EQ(granule_of_values(8), 1024u);
  EXPECT_EQ(granule_of_values(9), 32u);
  EXPECT_EQ(granule_of_values(33), 64u);
}

TEST(TheFile, IsOfWholePagesOfItsFileSystem) {
  EXPECT_EQ(planned((64u << 20) + 5000, false).file_size, (64u << 20) + 4096);
  EXPECT_EQ(planned((64u << 20) + huge + 5000, false, huge).file_size, (64u << 20) + huge);
  check(planned((64u << 20) + 5000, true, huge));
  EXPECT_THROW(planned(1u << 20, false, huge), twinmap::error);
}

TEST(AWidenedRange, CoversWholeUnitsWithinItsRegion) {
  const region of = {3 * huge, 5 * huge - 4096};
  const auto expect = [&](std::uint64_t first, std::uint64_t last, std::uint64_t offset,
                          std::uint64_t length) {
    const region found = twinmap::storage::widened(of, first, last, huge);
    EXPECT_EQ(found.offset, of.offset + offset);
    EXPECT_EQ(found.length, length);
  };
  expect(0, 1, 0, huge);
  expect(huge - 1, huge + 1, 0, 2 * huge);
  expect(huge, 2 * huge, huge, huge);
  expect(4 * huge, 4 * huge + 1, 4 * huge, huge - 4096);
}

}  // namespace
}  // namespace storage_test
