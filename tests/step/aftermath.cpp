#include "aftermath.hpp"

#include <gtest/gtest.h>
#include <twinmap/admin.hpp>
#include <twinmap/bytes_map.hpp>

#include <chrono>
#include <set>
#include <string>

namespace step_tests {
namespace {

constexpr int next_key = 1000;  // and those after it: of nobody before

// All that there is, by three ways that must agree.
contents look(const twinmap::bytes_map& map, const std::set<std::string>& known) {
  contents seen;
  for (const std::string& key : known) {
    if (const auto value = map.load(key)) seen[key] = *value;
    EXPECT_EQ(map.contains(key), seen.contains(key)) << testing::PrintToString(key);
  }
  contents walked;
  map.for_each([&](std::string_view key, std::string_view value) {
    EXPECT_TRUE(walked.emplace(key, value).second) << "visited twice: " << key;
  });
  EXPECT_EQ(walked, seen);
  return seen;
}

class inquiry {
 public:
  inquiry(const stage& on, bool returned)
      : on_(on), returned_(returned), eye_(twinmap::open_read_only, on.name(), small_map()) {
    for (const contents* all : {&on.before(), &on.after()})
      for (const auto& [key, value] : *all)
        known_.insert(key);
    for (const calls* made : {&on.what().prepare, &on.what().approach})
      for (const call& each : *made)
        if (!each.key.empty()) known_.insert(each.key);
    seen_ = look(eye_, known_);
    judge();
  }

  // By whom the dead one left behind.
  void insert(actor& by) {
    const call next{"store", key_of(on_.what().kind, next_key + added_),
                    value_of(on_.what().kind, next_key + added_)};
    ++added_;
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(by.perform(next), answer{}) << "an insert failed";
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
    known_.insert(next.key);
    seen_[next.key] = next.value;
  }
  void stays(const char* moment) { EXPECT_EQ(look(eye_, known_), seen_) << "un-seen " << moment; }
  void is_sound(const char* moment) const {
    for (const std::string& finding : twinmap::check(eye_).findings)
      ADD_FAILURE() << finding << ", " << moment;
  }
  void has_lost_no_memory() const {
    const auto report = twinmap::check(eye_);
    EXPECT_EQ(report.used_bytes, report.reachable_bytes);
    EXPECT_EQ(report.blocks_leased + report.blocks_orphaned + report.slots_orphaned, 0u);
    EXPECT_EQ(eye_.size(), seen_.size());
  }

 private:
  // Done, or not done; of a clear, key by key. Done, if it had returned.
  void judge() const {
    for (const std::string& key : known_) {
      const auto value = [&key](const contents& of) {
        const auto found = of.find(key);
        return found == of.end() ? std::nullopt : std::optional(found->second);
      };
      const auto now = value(seen_);
      EXPECT_TRUE(now == value(on_.after()) || (!returned_ && now == value(on_.before())))
          << testing::PrintToString(key) << " is " << testing::PrintToString(now);
    }
  }

  const stage& on_;
  bool returned_;
  twinmap::bytes_map eye_;
  std::set<std::string> known_;
  contents seen_;
  int added_ = 0;
};

}  // namespace

void settle(const stage& on, actor* survivor, bool returned) {
  const flavour kind = on.what().kind;
  inquiry about(on, returned);
  auto newcomer = make_actor(kind, on.name());
  const auto attach = [&newcomer] {
    EXPECT_EQ(newcomer->perform({"open_only"}), answer{}) << "nobody can attach";
  };
  if (survivor == nullptr) attach();
  about.insert(survivor != nullptr ? *survivor : *newcomer);
  about.stays("after the next insert");
  about.is_sound("after the next insert");
  if (survivor != nullptr) attach();
  about.insert(*newcomer);
  newcomer->perform(calls{{"promote"}});
  about.stays("after a promotion");
  about.insert(*newcomer);
  // Tables come and go where the dead one's were.
  constexpr int until_dirty_has_grown = 100;
  for (int i = 0; i != until_dirty_has_grown; ++i)
    about.insert(survivor != nullptr && i % 2 == 0 ? *survivor : *newcomer);
  about.stays("after dirty has grown");
  if (survivor != nullptr) survivor->perform(calls{{"close"}});
  newcomer->perform(calls{{"sweep"}, {"close"}});
  about.stays("after a sweep");
  about.is_sound("after a sweep");
  about.has_lost_no_memory();
}

}  // namespace step_tests
