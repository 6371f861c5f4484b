// Owner pairs: whoever is slow finds the stamp changed, or the owner, and takes nothing that is
// somebody else's by now. Two handles are two leases; what a race would do is done here one step
// after the other.

#include <twinmap/protocol/process_state.hpp>

#include <string>

#include "fixture.hpp"

namespace protocol_tests {
namespace {

using twinmap::platform::pair_value;
using twinmap::protocol::begin_care;
using twinmap::protocol::writer;
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

}  // namespace
}  // namespace protocol_tests
