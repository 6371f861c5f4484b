// Owner pairs: whoever is slow finds the stamp changed, or the owner, and takes nothing that is
// somebody else's by now. Two handles are two leases; what a race would do is done here one step
// after the other.

#include <support/touches.hpp>
#include <twinmap/protocol/process_state.hpp>

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "fixture.hpp"

namespace protocol_tests {
namespace {

using twinmap::platform::pair_value;
using twinmap::protocol::begin_care;
using twinmap::protocol::writer;
using twinmap::storage::chunk_entry;
using twinmap::storage::chunk_kind;
using twinmap::storage::owned_block;
using twinmap::storage::owner_word;
using texts = test_maps::raw_map<std::string, std::string>;

class OwnerPair : public testing::Test {
 protected:
  static constexpr std::uint32_t length = 100;
  static pair_value held_by(const writer& who, std::uint64_t stamp) {
    return {owner_word::leased(who.context.me).bits, stamp};
  }
  pair_value pair_of(const owned_block& block) { return one.blocks().pair(block.ref); }

  const test_support::scoped_name name;
  texts first{attach_mode::create_only, name, one_by_one()};
  texts second{attach_mode::open_only, name, one_by_one()};
  writer one = begin_care(first.raw());
  writer other = begin_care(second.raw());
};

TEST_F(OwnerPair, OfABlockThatWasReplacedAlreadyIsNotMadeLive) {
  const owned_block block = one.blocks().allocate(length, one.context);
  ASSERT_TRUE(block);
  // It was published, and replaced before the publisher went on.
  other.blocks().retire(block.ref, other.blocks().pair(block.ref), other.context, true);
  ASSERT_EQ(pair_of(block), held_by(other, block.stamp));
  one.blocks().mark_live(block, one.context);
  EXPECT_EQ(pair_of(block), held_by(other, block.stamp));
}

TEST_F(OwnerPair, ThatWasReadBeforeTheBlockChangedHandsFreesNothing) {
  const owned_block block = one.blocks().allocate(length, one.context);
  ASSERT_TRUE(block);
  one.blocks().mark_live(block, one.context);
  const pair_value seen = one.blocks().pair(block.ref);
  // While the one who saw it is slow, another one retires the block, and it becomes somebody's
  // anew.
  other.blocks().retire(block.ref, seen, other.context, false);
  const owned_block again = other.blocks().allocate_in(
      block.ref.owner() >> first.raw().view.heap.pairs_shift, length, other.context);
  ASSERT_TRUE(again);
  const pair_value now = pair_of(again);
  ASSERT_NE(now.second, seen.second) << "a stamp never repeats";
  // Often enough that what it believes to have freed is what it uses next.
  for (std::uint32_t i = 0; i != twinmap::storage::private_stacks::settle; ++i)
    one.blocks().retire(again.ref, seen, one.context, true);
  EXPECT_EQ(pair_of(again), now);
  for (int i = 0; i != 100; ++i) {
    const owned_block mine = one.blocks().allocate(length, one.context);
    ASSERT_TRUE(mine) << "it took what was not its own for its own";
    EXPECT_NE(mine.ref.owner(), again.ref.owner());
  }
  EXPECT_FALSE(one.blocks().free_unnamed(again.ref.owner(), seen, one.context)) << "nor in a sweep";
  EXPECT_EQ(pair_of(again), now);
}

TEST_F(OwnerPair, ThatChangedSinceItWasReadIsNotSettled) {
  const owned_block block = one.blocks().allocate(length, one.context);
  ASSERT_TRUE(block);
  const pair_value seen = pair_of(block);
  one.blocks().mark_live(block, one.context);
  EXPECT_FALSE(other.blocks().settle(block.ref.owner(), seen, owner_word::free()));
  EXPECT_EQ(pair_of(block), (pair_value{owner_word::live().bits, block.stamp}));
}

TEST_F(OwnerPair, OfARunThatIsAnothersFreesNoChunk) {
  const auto& heap = first.raw().view.heap;
  const owned_block run =
      one.blocks().allocate(static_cast<std::uint32_t>(heap.chunk_bytes()), one.context);
  ASSERT_TRUE(run);
  const std::uint32_t chunk = run.ref.owner() >> heap.pairs_shift;
  const chunk_entry entry = one.blocks().chunks().load(chunk);
  ASSERT_EQ(entry.kind(), chunk_kind::run);
  heap.owners[run.ref.owner()].first = held_by(other, run.stamp).first;
  one.blocks().cancel(run, one.context);
  EXPECT_EQ(one.blocks().chunks().load(chunk), entry);
}

TEST_F(OwnerPair, ThatIsAnothersBelongsToNoNewRun) {
  const auto& heap = first.raw().view.heap;
  for (std::uint32_t chunk = 0; chunk != heap.chunks; ++chunk)
    if (one.blocks().chunks().load(chunk).kind() == chunk_kind::free)
      heap.owners[std::uint64_t{chunk} << heap.pairs_shift].first = held_by(other, 0).first;
  const owned_block run =
      one.blocks().allocate(static_cast<std::uint32_t>(heap.chunk_bytes()), one.context);
  if (run) {
    EXPECT_EQ(pair_of(run), held_by(one, run.stamp));
  }
}

// Whoever is slow to claim a small block has the pair for an instant, although the chunk has left
// its class.
TEST_F(OwnerPair, ThatBecomesAnothersMeanwhileBelongsToNoNewRun) {
  const auto& heap = first.raw().view.heap;
  std::vector<std::atomic<std::uint64_t>*> taken;
  const auto take_pairs = [&] {
    for (std::uint32_t chunk = 0; chunk != other.blocks().chunks().committed(); ++chunk) {
      auto& pair = second.raw().view.heap.owners[std::uint64_t{chunk} << heap.pairs_shift];
      if (other.blocks().chunks().load(chunk).kind() == chunk_kind::claimed &&
          owner_word{pair.first}.kind() == twinmap::storage::owner_kind::free)
        (*taken.emplace_back(&pair.first)) = held_by(other, 0).first;
    }
  };
  owned_block run;
  const auto allocate = [&] {
    run = one.blocks().allocate(static_cast<std::uint32_t>(heap.chunk_bytes()), one.context);
  };
  auto& file = first.raw().state().file;
  for (const auto& place : test_support::find_touches(file.base(), file.size(), 1, allocate)) {
    test_support::come_between(place, allocate, take_pairs);
    ASSERT_TRUE(run);
    EXPECT_EQ(pair_of(run), held_by(one, run.stamp));
    for (auto* const owner : std::exchange(taken, {}))
      *owner = owner_word::free().bits;
  }
}

TEST_F(OwnerPair, ThatIsAnothersIsNotTakenFromTheStackOfTheFreed) {
  auto& stack = one.context.stacks->classes[first.raw().view.heap.size_of(length).size_class];
  std::vector<owned_block> blocks;
  do
    blocks.push_back(one.blocks().allocate(length, one.context));
  while (stack.fresh_count != 0 || blocks.size() <= twinmap::storage::private_stacks::settle);
  for (std::uint32_t i = 0; i != twinmap::storage::private_stacks::settle; ++i) {
    one.blocks().mark_live(blocks[i], one.context);
    one.blocks().retire(blocks[i].ref, pair_of(blocks[i]), one.context, true);
  }
  ASSERT_EQ(stack.freed[stack.freed_first], blocks.front().ref.owner());
  const pair_value theirs = held_by(other, blocks.front().stamp);
  first.raw().view.heap.owners[blocks.front().ref.owner()].first = theirs.first;
  EXPECT_FALSE(one.blocks().allocate(length, one.context));
  EXPECT_EQ(pair_of(blocks.front()), theirs);
}

class ChunkEntry : public OwnerPair {
 protected:
  twinmap::storage::chunk_table& chunks() { return one.blocks().chunks(); }
};

TEST_F(ChunkEntry, ThatWasReadBeforeItChangedFreesNothingAndGivesNothingBack) {
  const auto chunk = chunks().claim(2, one.context.me);
  ASSERT_TRUE(chunk);
  chunks().publish_run(*chunk, 2, chunk_kind::run);
  const chunk_entry head = chunks().load(*chunk);
  chunks().release_run(*chunk, head, one.context.me);
  const chunk_entry now = chunks().load(*chunk);
  ASSERT_EQ(now.kind(), chunk_kind::free);
  chunks().release_run(*chunk, head, one.context.me);
  EXPECT_EQ(chunks().load(*chunk), now);
  EXPECT_FALSE(chunks().release_one(*chunk, head));
  EXPECT_EQ(chunks().load(*chunk), now);
  // Nor does it take the end from what begins there now.
  const chunk_entry tail = chunks().load(*chunk + 1).next(chunk_kind::tail, 1);
  ASSERT_TRUE(chunks().exchange(*chunk + 1, chunks().load(*chunk + 1), tail));
  chunks().release_run(*chunk, head, one.context.me);
  EXPECT_EQ(chunks().load(*chunk + 1), tail);
  const chunk_entry seen[] = {now.next(chunk_kind::free, now.number() + 1)};
  EXPECT_EQ(chunks().give_back(*chunk, seen, one.context.me), 0u);
  EXPECT_EQ(chunks().load(*chunk), now);
}

TEST_F(ChunkEntry, OfARunThatIsAnotherByNowFreesNoneOfItsTails) {
  const auto chunk = chunks().claim(2, one.context.me);
  ASSERT_TRUE(chunk);
  chunks().publish_run(*chunk, 2, chunk_kind::run);
  const chunk_entry head = chunks().load(*chunk);
  ASSERT_TRUE(chunks().exchange(*chunk, head, head.next(chunk_kind::run, 2)));
  const chunk_entry tail = chunks().load(*chunk + 1);
  chunks().release_run(*chunk, head, one.context.me);
  EXPECT_EQ(chunks().load(*chunk + 1), tail);
}

TEST_F(ChunkEntry, OfNoChunkLeadsNowhere) {
  constexpr std::uint32_t far = 1u << 30;
  const chunk_entry run = chunk_entry{0}.next(chunk_kind::run, 1);
  EXPECT_EQ(chunks().load(far).bits, 0u);
  EXPECT_FALSE(chunks().exchange(far, run, run));
  chunks().release_run(far, run, one.context.me);
  EXPECT_EQ(chunks().pairs_of(far, run.next(chunk_kind::small, 0)), 0u);
  EXPECT_EQ(chunks().pairs_of(0, run.next(chunk_kind::small, twinmap::storage::class_count)), 0u);
  EXPECT_EQ(one.blocks().pair(twinmap::storage::block_ref::make(~0u, length)),
            (pair_value{owner_word::free().bits, 0}));
}

}  // namespace
}  // namespace protocol_tests
