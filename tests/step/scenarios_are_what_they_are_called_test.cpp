// Else the others would stand still, or be killed, for nothing: a scenario finds its key as its
// name says, and an upheaval does what it is for.

#include <gtest/gtest.h>
#include <step/aftermath.hpp>
#include <step/scenario.hpp>
#include <step/stage.hpp>
#include <step/upheaval.hpp>
#include <twinmap/admin.hpp>
#include <twinmap/bytes_map.hpp>
#include <twinmap/protocol/admin.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace step_tests {
namespace {

using twinmap::protocol::slot_info;
using twinmap::protocol::slot_place;
using twinmap::storage::entry_state;

const scenario& named(const std::vector<scenario>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const scenario& each) { return each.name() == name; });
  if (found == all.end()) throw std::out_of_range("no scenario is called " + name);
  return *found;
}

twinmap::map_stats stats_of(const stage& on) {
  return twinmap::bytes_map(twinmap::open_read_only, on.name()).stats();
}

// Where a key is.
struct home {
  std::string key;
  slot_info slot;
  std::uint32_t block;  // 0: its value is in the slot
};

std::vector<home> homes_of(const stage& on) {
  const auto map = inside_of(on);
  std::vector<home> all;
  twinmap::protocol::for_each_slot(*map, [&](const slot_info& slot) {
    if (slot.state == entry_state::free) return true;
    const twinmap::storage::block_ref value{map->view.slot(slot.number).value.second.load()};
    const auto* bytes = reinterpret_cast<const char*>(slot.key.data());
    const bool in_block = slot.state == entry_state::live_block;
    all.push_back({std::string(bytes, slot.key.size()), slot, in_block ? value.owner() : 0});
    return true;
  });
  return all;
}

std::optional<home> home_of(const stage& on, const std::string& key) {
  for (const home& each : homes_of(on))
    if (each.key == key) return each;
  return std::nullopt;
}

// A key in each state that it may be in; nothing: there is no slot for it.
struct state {
  entry_state value;
  bool only_in_dirty;
};
const std::map<std::string, std::optional<state>> states{
    {"InlineInRead", state{entry_state::live_inline, false}},
    {"InlineInDirty", state{entry_state::live_inline, true}},
    {"InlineNil", state{entry_state::nil, false}},
    {"InlineNew", std::nullopt},
    {"InlineExpunged", state{entry_state::expunged, false}},
    {"SlotToSlot", state{entry_state::live_inline, false}},
    {"SlotToBlock", state{entry_state::live_inline, false}},
    {"BlockToBlock", state{entry_state::live_block, false}},
    {"BlockToSlot", state{entry_state::live_block, false}},
    {"BlockInDirty", state{entry_state::live_block, true}},
    {"NilToBlock", state{entry_state::nil, false}},
    {"NewWithBlock", std::nullopt},
    {"ExpungedToBlock", state{entry_state::expunged, false}}};

TEST(AScenario, FindsItsKeyAsItsNameSays) {
  for (const auto& [name, wanted] : states) {
    SCOPED_TRACE(name);
    const stage on(named(mutations(), "store_" + name));
    const auto attached = on.begin();
    const auto found = home_of(on, on.what().run.key);
    ASSERT_EQ(found.has_value(), wanted.has_value());
    if (!wanted) continue;
    EXPECT_EQ(found->slot.state, wanted->value);
    EXPECT_EQ(found->slot.place == slot_place::dirty, wanted->only_in_dirty);
  }
}

// And leaves its value where that says.
TEST(AScenario, PutsItsValueWhereItsNameSays) {
  for (const auto& [name, before] : states) {
    SCOPED_TRACE(name);
    const stage on(named(mutations(), "store_" + name));
    const auto by = on.begin();
    by->perform(on.what().run);
    const auto found = home_of(on, on.what().run.key);
    ASSERT_TRUE(found);
    const bool in_block = name.ends_with("Block") || name == "BlockInDirty";
    EXPECT_EQ(found->slot.state, in_block ? entry_state::live_block : entry_state::live_inline);
  }
}

// A standby that is dropped promotes too, and leaves no dirty.
TEST(AScenario, InstallsAStandbyIfItIsCalledSo) {
  int met = 0;
  for (const scenario& each : mutations()) {
    if (each.path != "InstallsAStandby") continue;
    const stage on(each);
    const auto by = on.begin();
    by->perform(each.run);
    const auto now = stats_of(on);
    EXPECT_EQ(now.promotions, 2u) << each.name();
    EXPECT_GT(now.dirty_words, 0u) << each.name();
    ++met;
  }
  EXPECT_EQ(met, 2);
}

TEST(AScenario, GathersWhatIsScattered) {
  const stage on(named(lookups(), "load_Scattered"));
  const auto by = on.begin();
  const auto before = home_of(on, on.what().run.key);
  const auto all = upheaval_called("Gathered").made(on);
  ASSERT_EQ(all[0].member + all[1].member, "gather_somegive_back");
  by->perform(all[0]);
  const auto after = home_of(on, on.what().run.key);
  ASSERT_TRUE(before && after);
  EXPECT_NE(before->block, after->block) << "the value that is read stays where it is";
  const auto view = inside_of(on);
  const std::uint32_t chunk = before->block >> view->view.heap.pairs_shift;
  EXPECT_TRUE(view->view.resident(chunk));
  by->perform(all[1]);
  EXPECT_FALSE(view->view.resident(chunk)) << "its chunk stays";
}

bool any(const std::vector<home>& all, const std::function<bool(const home&)>& f) {
  return std::any_of(all.begin(), all.end(), f);
}

TEST(AnUpheaval, GivesSlotAndBlockToOtherKeys) {
  const stage on(named(lookups(), "load_InBlock"));
  for (const std::string name : {"Replaced", "Cleared"}) {
    const auto by = on.begin();
    const auto old = home_of(on, key_read(on));
    ASSERT_TRUE(old);
    by->perform(upheaval_called(name).made(on));
    const std::vector<home> after = homes_of(on);
    const auto another = [&](const home& each) { return each.key != old->key; };
    EXPECT_TRUE(any(after, [&](const home& each) {
      return another(each) && each.slot.number == old->slot.number;
    })) << "its slot is nobody's";
    // What is cleared may be given back.
    EXPECT_TRUE(
        name == "Cleared" ||
        any(after, [&](const home& each) { return another(each) && each.block == old->block; }))
        << "its block is nobody's";
  }
}

TEST(AnUpheaval, PromotesCompactsAndGrowsTheTables) {
  const stage on(named(lookups(), "load_InBlock"));
  const auto change = [&](const std::string& name) {
    const auto by = on.begin();
    const auto before = stats_of(on);
    by->perform(upheaval_called(name).made(on));
    auto now = stats_of(on);
    now.promotions -= before.promotions;
    now.compactions -= before.compactions;
    now.dirty_growths -= before.dirty_growths;
    return now;
  };
  const auto replaced = change("Replaced");
  EXPECT_GE(replaced.promotions, 2u);
  EXPECT_GE(replaced.compactions, 2u);
  const auto grown = change("Grown");
  EXPECT_GE(grown.promotions, 3u);
  EXPECT_GE(grown.dirty_growths, 1u);
  EXPECT_GE(change("Cleared").compactions, 1u);
}

}  // namespace
}  // namespace step_tests
