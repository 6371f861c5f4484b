// R1 to R5, P1, P6, P8: a reader stands still at any place of a lookup while all that it looks at
// is changed, moved and given away. It never returns a wrong value or another key's, and never
// faults.

#include <gtest/gtest.h>
#include <step/aftermath.hpp>
#include <step/frozen.hpp>
#include <step/report.hpp>
#include <twinmap/protocol/admin.hpp>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

namespace step_tests {
namespace {

// What is done while a reader stands still; each is a run of its own. Whoever looks at the key
// again finds another value than before, or none.
struct upheaval {
  const char* name;
  calls (*made)(const stage& on);
};

calls stores(flavour kind, int first, int last) {
  calls all;
  for (int i = first; i < last; ++i)
    all.push_back({"store", key_of(kind, i), value_of(kind, i)});
  return all;
}

std::string key_read(const stage& on) {
  const call& run = on.what().run;
  return !run.key.empty()    ? run.key
         : !run.keys.empty() ? run.keys.front()
                             : key_of(on.what().kind, 3);
}

// From slot to block and back, to nothing, and there again.
calls update_it(const stage& on) {
  const flavour kind = on.what().kind;
  return {{"exchange", key_read(on), value_of(kind, 101)},
          {"exchange", key_read(on), value_of(kind, 102)},
          {"exchange", key_read(on), value_of(kind, 105)},
          {"erase", key_read(on)},
          {"store", key_read(on), value_of(kind, 107)},
          {"erase", key_read(on)},
          {"load_or_store", key_read(on), value_of(kind, 108)}};
}

// Its slot and its block become other keys', and the tables others; what was promoted is so twice.
calls replace_it(const stage& on) {
  const flavour kind = on.what().kind;
  calls all{{"erase", key_read(on)}, {"erase", key_of(kind, 4)}};
  all = all + calls{{"promote"}, {"compact"}} + stores(kind, 300, 330) + calls{{"promote"}};
  all = all + calls{{"store", key_read(on), value_of(kind, 102)}};
  return all + calls{{"erase", key_of(kind, 300)}, {"compact"}, {"sweep"}} + stores(kind, 330, 340);
}

// All keys stay where they are, and every table is another one than before, with a standby too.
calls grow_it(const stage& on) {
  const flavour kind = on.what().kind;
  return calls{{"prepare_standby"}} + stores(kind, 300, 310) +
         calls{{"promote"}, {"exchange", key_read(on), value_of(kind, 102)}} +
         stores(kind, 310, 380) + calls{{"promote"}} + stores(kind, 380, 382) +
         calls{{"promote"}, {"prepare_standby"}};
}

calls clear_it(const stage& on) {
  const flavour kind = on.what().kind;
  const calls all{{"clear"}, {"compact"}, {"sweep"}, {"gather_some"}, {"give_back"}};
  return all + stores(kind, 400, 420) + calls{{"store", key_read(on), value_of(kind, 101)}};
}

// Values move, and the memory that they leave goes.
calls gather_it(const stage& on) {
  const flavour kind = on.what().kind;
  return calls{{"gather_some"}, {"give_back"}} + stores(kind, 300, 304) +
         calls{{"gather_some"}, {"exchange", key_read(on), value_of(kind, 102)}, {"give_back"}};
}

const std::vector<upheaval> upheavals{{"Updated", update_it},
                                      {"Replaced", replace_it},
                                      {"Grown", grow_it},
                                      {"Cleared", clear_it},
                                      {"Gathered", gather_it}};

class FrozenReader : public testing::TestWithParam<std::size_t> {};

TEST_P(FrozenReader, IsNeverWrong) {
  if (!can_step) GTEST_SKIP() << "stepping takes x86's trap flag, and no sanitizer";
  const stage on(lookups()[GetParam()]);
  const survey found = make_survey(on);
  ASSERT_FALSE(HasFailure());
  constexpr std::size_t some = 5;
  for (const upheaval& each : upheavals)
    freeze_everywhere(std::string("freeze reader: ") + each.name, found, some,
                      {.on = on, .meanwhile = each.made(on)}, false);
}

INSTANTIATE_TEST_SUITE_P(In, FrozenReader, testing::Range(std::size_t{0}, lookups().size()),
                         [](const auto& each) { return lookups()[each.param].name(); });

// Where a key is: of the test of these tests.
struct home {
  std::string key;
  std::uint64_t slot;
  std::uint32_t block;  // 0: its value is in the slot
};

std::vector<home> homes_of(const stage& on) {
  const auto map = inside_of(on);
  std::vector<home> all;
  twinmap::protocol::for_each_slot(*map, [&](const twinmap::protocol::slot_info& slot) {
    const bool in_block = slot.state == twinmap::storage::entry_state::live_block;
    const twinmap::storage::block_ref value{map->view.slot(slot.number).value.second.load()};
    const auto* bytes = reinterpret_cast<const char*>(slot.key.data());
    if (in_block || slot.state == twinmap::storage::entry_state::live_inline)
      all.push_back(
          {std::string(bytes, slot.key.size()), slot.number, in_block ? value.owner() : 0});
    return true;
  });
  return all;
}

bool any(const std::vector<home>& all, const std::function<bool(const home&)>& f) {
  return std::any_of(all.begin(), all.end(), f);
}

// Else the readers would stand still for nothing.
TEST(AnUpheaval, GivesSlotAndBlockToOtherKeys) {
  const auto& all = lookups();
  const auto read = std::find_if(all.begin(), all.end(), [](const scenario& each) {
    return each.run.member == "load" && each.path == "InBlock";
  });
  ASSERT_NE(read, all.end());
  const stage on(*read);
  for (const auto& made : {replace_it, clear_it}) {
    const auto by = on.begin();
    const std::vector<home> before = homes_of(on);
    const auto old = std::find_if(before.begin(), before.end(),
                                  [&](const home& each) { return each.key == key_read(on); });
    ASSERT_NE(old, before.end());
    by->perform(made(on));
    const std::vector<home> after = homes_of(on);
    const auto another = [&](const home& each) { return each.key != old->key; };
    EXPECT_TRUE(any(after, [&](const home& each) {
      return another(each) && each.slot == old->slot;
    })) << "its slot is nobody's";
    // What is cleared may be given back.
    const bool stays = made == replace_it;
    EXPECT_TRUE(!stays || any(after, [&](const home& each) {
      return another(each) && each.block == old->block;
    })) << "its block is nobody's";
  }
}

}  // namespace
}  // namespace step_tests
