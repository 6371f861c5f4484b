// Memory that serves again: a block is handed out once, a run that was given up carries another
// stamp, a chunk is dissolved when nothing is left in it, and where memory is short nobody hoards.

#include <sys/stat.h>
#include <support/touches.hpp>
#include <twinmap/error.hpp>
#include <twinmap/protocol/process_state.hpp>

#include <set>
#include <string>
#include <vector>

#include "fixture.hpp"

namespace protocol_tests {
namespace {

using twinmap::protocol::begin_care;
using twinmap::protocol::writer;
using twinmap::storage::chunk_kind;
using twinmap::storage::owned_block;
using twinmap::storage::owner_word;
using twinmap::storage::private_stacks;
using texts = test_maps::raw_map<std::string, std::string>;

test_maps::raw_settings small() {
  test_maps::raw_settings settings = one_by_one();
  settings.max_bytes = 4u << 20;
  return settings;
}

class Block : public testing::Test {
 protected:
  const test_support::scoped_name name;
  texts map{attach_mode::create_only, name, small()};
  writer by = begin_care(map.raw());
  const twinmap::storage::heap_geometry& heap = map.raw().view.heap;
};

TEST_F(Block, IsHandedOutToOneAtATime) {
  constexpr std::uint32_t length = 100;
  // Freed ones, enough that they serve again.
  std::vector<owned_block> blocks;
  for (std::uint32_t i = 0; i != private_stacks::depth; ++i)
    blocks.push_back(by.blocks().allocate(length, by.context));
  for (const owned_block& block : blocks) {
    by.blocks().mark_live(block, by.context);
    by.blocks().retire(block.ref, by.blocks().pair(block.ref), by.context, true);
  }
  std::set<std::uint32_t> owners;
  for (std::uint32_t i = 0; i != 8 * private_stacks::depth; ++i) {
    const owned_block block = by.blocks().allocate(length, by.context);
    ASSERT_TRUE(block);
    EXPECT_TRUE(owners.insert(block.ref.owner()).second) << "number " << i;
  }
}

// One that was given up rests while there are others, for those who are still copying it.
TEST_F(Block, RestsBeforeItServesAgain) {
  constexpr std::uint32_t length = 100;
  const owned_block block = by.blocks().allocate(length, by.context);
  by.blocks().mark_live(block, by.context);
  by.blocks().retire(block.ref, by.blocks().pair(block.ref), by.context, true);
  for (std::uint32_t i = 0; i != 3 * private_stacks::depth; ++i)
    ASSERT_NE(by.blocks().allocate(length, by.context).ref.owner(), block.ref.owner()) << i;
}

// R5: a reader who is still copying it looks at the pair of a run, and its chunks may become part
// of another run, whose pair is elsewhere.
TEST_F(Block, OfWholeChunksHasAnotherStampOnceItWasGivenUp) {
  const owned_block run =
      by.blocks().allocate(static_cast<std::uint32_t>(2 * heap.chunk_bytes()), by.context);
  ASSERT_TRUE(run);
  by.blocks().cancel(run, by.context);
  EXPECT_NE(heap.owners[run.ref.owner()].second.load(), run.stamp);
}

TEST_F(Block, ThatIsInUseKeepsItsChunk) {
  const auto length = static_cast<std::uint32_t>(heap.largest_small());
  const auto per_chunk = static_cast<std::uint32_t>(heap.chunk_bytes() / length);
  for (std::uint32_t used = 0; used != per_chunk; ++used) {
    std::vector<owned_block> blocks;
    for (std::uint32_t i = 0; i != per_chunk; ++i)
      blocks.push_back(by.blocks().allocate(length, by.context));
    by.header().allocation.tight = 1;  // what is given up is free at once
    const std::uint32_t chunk = blocks[used].ref.owner() >> heap.pairs_shift;
    for (std::uint32_t i = 0; i != per_chunk; ++i) {
      ASSERT_EQ(blocks[i].ref.owner() >> heap.pairs_shift, chunk);
      if (i != used) by.blocks().cancel(blocks[i], by.context);
    }
    EXPECT_FALSE(by.blocks().dissolve(chunk, by.context)) << used;
    EXPECT_EQ(by.blocks().chunks().load(chunk).kind(), chunk_kind::small);
    by.blocks().cancel(blocks[used], by.context);
    EXPECT_TRUE(by.blocks().dissolve(chunk, by.context));
    by.header().allocation.tight = 0;
  }
}

// What the allocator goes by: as many are free as were given up.
TEST_F(Block, ThatIsGivenUpTwiceIsCountedOnce) {
  const owned_block block = by.blocks().allocate(100, by.context);
  by.header().allocation.tight = 1;  // what is given up is free at once
  const auto& counted = map.raw().view.chunk(block.ref.owner() >> heap.pairs_shift).free_hint;
  const std::uint32_t before = counted;
  by.blocks().cancel(block, by.context);
  EXPECT_EQ(counted, before + 1);
  by.blocks().cancel(block, by.context);
  EXPECT_EQ(counted, before + 1);
}

// Of two who make the same chunks resident one publishes them, and counts them.
TEST(Chunks, ThatTwoMakeResidentAreCountedOnce) {
  if (!test_support::can_come_between) GTEST_SKIP() << "takes x86's trap flag, and no sanitizer";
  constexpr std::uint32_t wanted = 8;
  const auto commit_ahead = [](writer& by) {
    return by.blocks().chunks().commit_ahead(wanted, wanted, by.context.me);
  };
  bool came = true;
  std::size_t places = 0;
  for (; came; ++places) {
    const test_support::scoped_name name;
    texts map(attach_mode::create_only, name, small());
    texts second(attach_mode::open_only, name, small());
    writer one = begin_care(map.raw());
    writer other = begin_care(second.raw());
    const auto& chunks = one.blocks().chunks();
    const std::uint32_t first = chunks.committed();
    auto& file = map.raw().state().file;
    came = false;
    std::size_t here = 0;
    test_support::watch_accesses(
        file.base(), file.size(), [&] { commit_ahead(one); },
        [&](std::uintptr_t) {
          if (here++ != places) return true;
          // Once it has published them, its own count is yet to come.
          came = chunks.committed() == first;
          if (came) commit_ahead(other);
          return false;
        });
    std::uint32_t free = 0;
    for (std::uint32_t chunk = 0; chunk != chunks.committed(); ++chunk)
      free += chunks.load(chunk).kind() == chunk_kind::free ? 1u : 0u;
    EXPECT_GE(free, wanted);
    EXPECT_LE(one.header().allocation.free_chunks, free) << "before access " << places;
  }
  EXPECT_GT(places, 5u);
}

// Whoever takes a block looks at its chunk twice: between the two the chunk may leave its class.
TEST(BlockTaken, IsInAChunkOfItsClassWheneverThatIsDissolved) {
  if (!test_support::can_come_between) GTEST_SKIP() << "takes x86's trap flag, and no sanitizer";
  constexpr std::uint32_t length = 10'000;
  bool came = true;
  std::size_t dissolved = 0;
  std::size_t left_free = 0;
  for (std::size_t place = 0; came; ++place) {
    const test_support::scoped_name name;
    texts map(attach_mode::create_only, name, small());
    texts second(attach_mode::open_only, name, small());
    writer one = begin_care(map.raw());
    writer other = begin_care(second.raw());
    const auto& heap = map.raw().view.heap;
    // A chunk that is wholly free, and is where the next block is looked for.
    one.header().allocation.tight = 1;
    const owned_block before = other.blocks().allocate(length, other.context);
    one.header().allocation.tight = 1;
    other.blocks().cancel(before, other.context);
    one.header().allocation.tight = 0;
    const std::uint32_t chunk = before.ref.owner() >> heap.pairs_shift;
    owned_block block;
    came = false;
    auto& file = map.raw().state().file;
    std::size_t here = 0;
    test_support::watch_accesses(
        file.base(), file.size(), [&] { block = one.blocks().allocate(length, one.context); },
        [&](std::uintptr_t) {
          if (here++ != place) return true;
          came = true;
          dissolved += other.blocks().dissolve(chunk, other.context) ? 1u : 0u;
          return false;
        });
    ASSERT_TRUE(block);
    const auto entry = one.blocks().chunks().load(block.ref.owner() >> heap.pairs_shift);
    ASSERT_EQ(entry.kind(), chunk_kind::small) << "dissolved before access " << place;
    ASSERT_EQ(one.blocks().pair(block.ref).second, block.stamp);
    if (one.blocks().chunks().load(chunk).kind() != chunk_kind::free) continue;
    for (std::uint32_t i = 0; i != map.raw().view.resident_pairs(chunk); ++i)
      ASSERT_EQ(heap.owners[(chunk << heap.pairs_shift) + i].first.load(), owner_word::free().bits)
          << "a block of no chunk has an owner, dissolved before access " << place;
    ++left_free;
  }
  EXPECT_GT(dissolved, 3u);
  EXPECT_GT(left_free, 3u);
}

// P5: what a sweep finds to be nobody's is free then.
TEST_F(Block, ThatNobodyNamesIsFreeOnceASweepSaysSo) {
  for (const std::uint32_t length : {100u, static_cast<std::uint32_t>(2 * heap.chunk_bytes())}) {
    const owned_block block = by.blocks().allocate(length, by.context);
    ASSERT_TRUE(block);
    by.blocks().mark_live(block, by.context);
    const auto& pair = heap.owners[block.ref.owner()];
    EXPECT_TRUE(by.blocks().free_unnamed(block.ref.owner(), {pair.first.load(), pair.second.load()},
                                         by.context));
    EXPECT_EQ(pair.first.load(), owner_word::free().bits) << length;
  }
}

// P7, R6: what a record says is resident is.
TEST_F(Block, IsSaidToHaveAPairOnceThereIsMemoryForIt) {
  if (!test_support::can_come_between) GTEST_SKIP() << "takes x86's trap flag, and no sanitizer";
  auto& file = map.raw().state().file;
  const auto blocks = [&] {
    struct stat status = {};
    ::fstat(file.descriptor(), &status);
    return status.st_blocks;
  };
  const auto pairs = [&] {
    std::uint64_t sum = 0;
    for (std::uint32_t chunk = 0; chunk != heap.chunks; ++chunk)
      sum += map.raw().view.chunk(chunk).pairs.load();
    return sum;
  };
  int grew = 0;
  for (const std::uint32_t length : {10u, 100u, 300u, 700u, 2000u, 5000u}) {
    const std::uint64_t before = pairs();
    const blkcnt_t least = blocks();
    blkcnt_t then = 0;
    test_support::watch_accesses(
        file.base(), file.size(), [&] { ASSERT_TRUE(by.blocks().allocate(length, by.context)); },
        [&](std::uintptr_t) {
          if (then == 0 && pairs() != before) then = blocks();
          return true;
        });
    ASSERT_NE(pairs(), before);
    EXPECT_EQ(then, blocks()) << "the memory for the pairs of " << length << " came later";
    grew += then > least ? 1 : 0;
  }
  EXPECT_GT(grew, 2);
}

// P7: what a full map has is for everybody.
TEST_F(Block, IsNotHoardedWhereMemoryIsShort) {
  std::uint64_t i = 0;
  try {
    for (;; ++i)
      map.store("key " + std::to_string(i), std::string(16'000, 'v'));
  } catch (const twinmap::error& full) {
    ASSERT_EQ(full.code(), make_error_code(twinmap::errc::no_space));
  }
  for (const auto& stack : by.context.stacks->classes)
    EXPECT_EQ(stack.fresh_count + stack.freed_count, 0u);
  map.store("key 0", "short");  // its block is nobody's, not this thread's
  for (const auto& stack : by.context.stacks->classes)
    EXPECT_EQ(stack.fresh_count + stack.freed_count, 0u);
}

}  // namespace
}  // namespace protocol_tests
