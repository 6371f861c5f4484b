// P3, P4, P8: a process stands still at any place of a call. Whoever changes and reads keys that
// exist needs no more than so many instructions of its own and waits for nothing; new keys come in,
// or the lock times out. Then the stopped one goes on, and everything that anybody was told fits
// one order.

#include <gtest/gtest.h>
#include <step/frozen.hpp>
#include <step/report.hpp>

#include <set>
#include <string>
#include <vector>

namespace step_tests {
namespace {

bool puts(const call& what) {
  static const std::set<std::string> members{"store", "load_or_store", "exchange", "update"};
  return members.contains(what.member);
}

// Where there is a map, and it stays.
std::vector<std::size_t> beside_whom_one_can_work() {
  std::vector<std::size_t> all;
  constexpr std::size_t some = 80;
  for (const std::size_t i : some_scenarios(mutations().size(), some)) {
    const scenario& each = mutations()[i];
    const bool stays = each.has_map() && each.error == 0 && each.run.member != "remove";
    if (stays) all.push_back(i);
  }
  return all;
}

class FrozenWriter : public testing::TestWithParam<std::size_t> {};

// Beside a writer: what is done to its own key, to two others, and to new ones.
calls beside_a_writer(const stage& on) {
  const flavour kind = on.what().kind;
  std::vector<std::string> present;
  for (const auto& [key, value] : on.before())
    if (key != on.what().run.key) present.push_back(key);
  const std::string own = on.what().run.key.empty() ? present.at(2) : on.what().run.key;
  const std::string one = value_of(kind, 101);
  const std::string two = value_of(kind, 102);
  const call many{.member = "load_many", .keys = {own, present.at(0), present.at(1)}};
  const calls added = kind == flavour::numbers ? calls{{"fetch_add", present.at(0), two}} : calls{};
  return calls{{"check"},
               {"load", own},
               {"exchange", own, two},
               {"compare_exchange", own, one, two},
               {"load", own},
               {"erase", own},
               {"contains", own},
               {"load_or_store", present.at(0), one},
               {"exchange", present.at(0), two},
               {"compare_erase", present.at(0), {}, two},
               {"load", present.at(0)}} +
         added +
         calls{many,
               {"for_each"},
               {"update", present.at(1), two},
               {"load_and_erase", present.at(1)},
               {"store", key_of(kind, 301), one},
               {"load", key_of(kind, 301)},
               {"load_or_store", key_of(kind, 302), two},
               {"store", own, one},
               {"load", own},
               {"check"}};
}

TEST_P(FrozenWriter, DelaysNobody) {
  if (!can_step) GTEST_SKIP() << "stepping takes x86's trap flag, and no sanitizer";
  const stage on(mutations()[GetParam()]);
  const survey found = make_survey(on);
  ASSERT_FALSE(HasFailure());
  const calls meanwhile = beside_a_writer(on);
  const std::string own = meanwhile[1].key;
  const auto may_time_out = [&on, own](const call& what) {
    if (!puts(what)) return false;
    // The mutex is for keys without an entry that is in use: new ones, and such as were erased.
    const bool stays = on.before().contains(what.key) && on.after().contains(what.key);
    return !stays || (what.key == own && what.member == "store");
  };
  constexpr std::size_t some = 3;
  freeze_everywhere("freeze writer", found, some,
                    {.on = on,
                     .meanwhile = meanwhile,
                     .may_time_out = may_time_out,
                     .lock_timeout = std::chrono::milliseconds(2)},
                    true);
}

INSTANTIATE_TEST_SUITE_P(In, FrozenWriter, testing::ValuesIn(beside_whom_one_can_work()),
                         [](const auto& each) { return mutations()[each.param].name(); });

class FrozenCreator : public testing::TestWithParam<std::size_t> {};

std::vector<std::size_t> of_creators() {
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i != mutations().size(); ++i)
    if (!mutations()[i].has_map() && mutations()[i].error == 0) all.push_back(i);
  return all;
}

// P4: nobody waits for a map that another one has not finished, nor for a lock file that another
// one is about to replace.
TEST_P(FrozenCreator, DelaysNobody) {
  if (!can_step) GTEST_SKIP() << "stepping takes x86's trap flag, and no sanitizer";
  const stage on(mutations()[GetParam()]);
  const survey found = make_survey(on);
  ASSERT_FALSE(HasFailure());
  const std::string key = key_of(flavour::texts, 3);
  const calls meanwhile{{"open_or_create"}, {"store", key, value_of(flavour::texts, 3)},
                        {"load", key},      {"exchange", key, value_of(flavour::texts, 4)},
                        {"erase", key},     {"store", key, value_of(flavour::texts, 5)}};
  constexpr std::size_t some = 12;
  freeze_everywhere(
      "freeze creator", found, some,
      {.on = on, .meanwhile = meanwhile, .lock_timeout = std::chrono::milliseconds(2)}, true);
}

INSTANTIATE_TEST_SUITE_P(In, FrozenCreator, testing::ValuesIn(of_creators()),
                         [](const auto& each) { return mutations()[each.param].name(); });

class FrozenRemover : public testing::TestWithParam<std::size_t> {};

std::vector<std::size_t> of_removers() {
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i != mutations().size(); ++i)
    if (mutations()[i].run.member == "remove") all.push_back(i);
  return all;
}

// Who had the map reads on, and the name is another's as soon as it is free, whatever the remover
// holds: nobody waits for it, and the map that is made meanwhile stays.
TEST_P(FrozenRemover, DelaysNobody) {
  if (!can_step) GTEST_SKIP() << "stepping takes x86's trap flag, and no sanitizer";
  const stage on(mutations()[GetParam()]);
  const survey found = make_survey(on);
  ASSERT_FALSE(HasFailure());
  const std::string key = key_of(on.what().kind, 3);
  constexpr std::size_t all = 100;
  freeze_everywhere("freeze remover", found, all,
                    {.on = on,
                     .meanwhile = {{"load", key},
                                   {"contains", key},
                                   {"load", key_of(on.what().kind, 13)},
                                   {"for_each"},
                                   {"open_or_create"}},
                     .lock_timeout = std::chrono::milliseconds(2)},
                    true);
}

INSTANTIATE_TEST_SUITE_P(In, FrozenRemover, testing::ValuesIn(of_removers()),
                         [](const auto& each) { return mutations()[each.param].name(); });

}  // namespace
}  // namespace step_tests
