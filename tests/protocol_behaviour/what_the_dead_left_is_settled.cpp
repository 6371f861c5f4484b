// P4: killed at any moment at which what others see has changed, whoever held the mutex leaves what
// the next holder settles: every slot and table has its place then, the counts are right, and what
// was seen stays seen.

#include <signal.h>
#include <support/child.hpp>
#include <support/touches.hpp>

#include <map>
#include <utility>

#include "flux.hpp"

namespace protocol_tests {
namespace {

using contents = std::map<std::string, std::string>;

contents contents_of(const texts& map) {
  contents all;
  map.for_each([&](const std::string& key, const std::string& value) {
    return all.emplace(key, value).second;
  });
  return all;
}

// All that a fix-up may have to look at.
std::string bytes_in_flux(const texts& map) {
  const auto& view = map.raw().view;
  const auto of = [](const void* from, std::size_t size) {
    return std::string(static_cast<const char*>(from), size);
  };
  std::string all = of(&view.header->roots, sizeof view.header->roots) +
                    of(&view.header->locked, sizeof view.header->locked) +
                    of(&view.header->standby, sizeof view.header->standby) +
                    of(&view.slot(0), view.header->locked.slots_used << view.slot_shift);
  for (const root_word root : {root_word{view.roots->read}, root_word{view.roots->dirty}})
    if (root) all += of(view.heap.heap + root.offset(), root.groups() * storage::group_bytes);
  return all;
}

class Settled : public testing::TestWithParam<change> {
 protected:
  // Makes the change in a process that is killed at its n-th moment. False if it has fewer.
  static bool die(const test_support::scoped_name& name, std::size_t moment) {
    test_support::child victim([&] {
      texts map(attach_mode::open_only, name, of_a_small_map());
      auto& file = map.raw().state().file;
      std::string before = bytes_in_flux(map);
      std::size_t passed = 0;
      test_support::watch_accesses(
          file.base(), file.size(), [&] { GetParam().run(map); },
          [&](std::uintptr_t) {
            std::string now = bytes_in_flux(map);
            if (now == before) return true;
            before = std::move(now);
            if (passed++ == moment) ::raise(SIGKILL);
            return true;
          });
    });
    const auto end = victim.wait();
    EXPECT_TRUE(end.signal == SIGKILL || end == 0) << end;
    return end.signal == SIGKILL;
  }

  // By who takes the mutex from the dead.
  static void settle(texts& map) {
    const auto epoch = map.raw().view.roots->epoch.load();
    const auto& locked = map.raw().view.header->locked;
    const bool held = locked.mutex.load() != 0;
    auto& file = map.raw().state().file;
    std::string wrong;
    const auto& roots = *map.raw().view.roots;
    std::pair seen{roots.epoch.load(), roots.read.load() + roots.dirty.load()};
    int untold = 0;  // how often the epoch grew and no root had changed
    test_support::watch_accesses(
        file.base(), file.size(),
        [&] {
          twinmap::protocol::writer by = begin_care(map.raw());
          const twinmap::protocol::locked_section at(by);
        },
        [&](std::uintptr_t) {
          wrong = moment(map).wrong();
          const std::pair now{roots.epoch.load(), roots.read.load() + roots.dirty.load()};
          if (now.first != seen.first) {
            untold += now.second == seen.second ? 1 : 0;
            seen = now;
          }
          return wrong.empty();
        });
    EXPECT_EQ(wrong, "") << "while it is settled";
    EXPECT_LE(untold, 1) << "once for what the dead one may not have said";
    EXPECT_EQ(locked.intent_slot + locked.building + locked.retiring, 0u);
    if (held) {
      EXPECT_GT(map.raw().view.roots->epoch.load(), epoch);
    }
  }

  static void expect_sound(texts& map) {
    const auto report = map.check();
    for (const std::string& finding : report.findings)
      ADD_FAILURE() << finding;
    EXPECT_EQ(moment(map).wrong(), "");
    // A table that was just built may have the counts of the one before, which are larger.
    if (!GetParam().name.starts_with("Promotes")) return;
    const auto& counts = map.raw().view.header->counts;
    if (report.dirty_words != 0) {
      EXPECT_EQ(counts.dirty_words.load(), report.dirty_words);
    }
    EXPECT_EQ(counts.read_words.load(), report.read_words);
  }
};

// Those that copy much have many moments, of which most are alike: tests/step meets them all.
std::size_t stride_of(const change& what) {
  static const std::map<std::string, std::size_t> strides{{"BuildsDirty", 3},
                                                          {"GrowsDirty", 7},
                                                          {"GrowsDirtyBesideAStandby", 11},
                                                          {"GrowsDirtyCompacting", 17},
                                                          {"Reaps", 13}};
  const auto found = strides.find(what.name);
  return found == strides.end() ? 1 : found->second;
}

std::vector<change> some_changes() {
  std::vector<change> some;
  for (const std::string name :
       {"BuildsDirty", "GrowsDirty", "GrowsDirtyBesideAStandby", "GrowsDirtyCompacting", "Reaps",
        "Unexpunges", "InsertsIntoReadForWantOfMemory", "Promotes", "PromotesAStandby", "Copies",
        "PurgesBesideAStandby"})
    for (const change& each : changes())
      if (each.name == name) some.push_back(each);
  return some;
}

TEST_P(Settled, IsAllThatADeathLeaves) {
  if (!test_support::can_come_between) GTEST_SKIP() << "takes x86's trap flag, and no sanitizer";
  for (std::size_t moment = 0; !HasFailure(); moment += stride_of(GetParam())) {
    SCOPED_TRACE("moment " + std::to_string(moment));
    const test_support::scoped_name name;
    texts map(attach_mode::create_only, name, of_a_small_map(GetParam().max_entries));
    GetParam().before(map);
    if (!die(name, moment)) break;
    const contents seen = contents_of(map);
    settle(map);
    expect_sound(map);
    EXPECT_EQ(contents_of(map), seen);
    map.promote();
    expect_sound(map);
    map.sweep();
    map.store("next", "v");
    expect_sound(map);
    EXPECT_EQ(map.size(), seen.size() + 1);
    if (GetParam().name == "InsertsIntoReadForWantOfMemory") continue;  // somebody has it all
    const auto report = map.check();
    EXPECT_EQ(report.used_bytes, report.reachable_bytes);
  }
}

INSTANTIATE_TEST_SUITE_P(Who, Settled, testing::ValuesIn(some_changes()),
                         [](const auto& each) { return each.param.name; });

// A key that was put by one who died before he counted it, and erased by another one, counts -1.
TEST(SizeBelowNothing, IsPutRightByOneSweep) {
  const test_support::scoped_name name;
  texts map(attach_mode::create_only, name, of_a_small_map());
  map.store("one", "1");
  map.store("two", "2");
  map.raw().view.header->counts.size_correction -= 3;
  EXPECT_EQ(map.size(), 0u);
  EXPECT_EQ(map.sweep().size_corrected, 3);
  EXPECT_EQ(map.size(), 2u);
}

}  // namespace
}  // namespace protocol_tests
