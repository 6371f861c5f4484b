// P4: whoever takes the mutex from a dead holder settles what three words name: the slot in flux,
// the table in the making, the table that is given up. So before each access of one who changes the
// structure, which may be its last, these words name all that is neither here nor there.

#include <support/touches.hpp>

#include "flux.hpp"

namespace protocol_tests {
namespace {

// R3: the epoch grows after what it tells of: a root changed, or the generation of read; and that
// does before read changes in place.
class progress {
 public:
  explicit progress(texts& map)
      : view_(map.raw().view), roots_(*view_.roots), first_(roots_.read.load()), words_(words()) {
    wrong();
  }
  std::string wrong() {
    const state now{roots_.epoch.load(), roots_.read.load(), roots_.dirty.load()};
    const bool early =
        now.epoch != then_.epoch && now.read == then_.read && now.dirty == then_.dirty;
    if (now.epoch != then_.epoch) then_ = now;
    if (early) return "the epoch grew before a root changed";
    const root_word read{now.read};
    const bool same =
        read.same_table({first_}) && read.generation() == root_word{first_}.generation();
    return same && words() != words_ ? "read changed and does not say so" : "";
  }

 private:
  struct state {
    std::uint64_t epoch, read, dirty;
  };
  std::string words() const {
    const root_word read{first_};
    return {reinterpret_cast<const char*>(view_.heap.heap + read.offset()),
            read.groups() * storage::group_bytes};
  }
  const twinmap::protocol::segment_view& view_;
  const storage::header_roots& roots_;
  std::uint64_t first_;
  std::string words_;
  state then_{};
};

class InFlux : public testing::TestWithParam<change> {};

TEST_P(InFlux, IsNamedAtEveryMoment) {
  if (!test_support::can_come_between) GTEST_SKIP() << "takes x86's trap flag, and no sanitizer";
  const test_support::scoped_name name;
  texts map(attach_mode::create_only, name, of_a_small_map(GetParam().max_entries));
  GetParam().before(map);
  auto& file = map.raw().state().file;
  std::string wrong;
  std::size_t moments = 0;
  const storage::header_locked& locked = map.raw().view.header->locked;
  progress of_roots(map);
  // One that looks for what is lost finds it so.
  bool begun = moment(map).wrong().empty();
  test_support::watch_accesses(
      file.base(), file.size(), [&] { GetParam().run(map); },
      [&](std::uintptr_t) {
        begun = begun || locked.intent_slot != 0;
        if (begun) wrong = moment(map).wrong();
        if (wrong.empty()) wrong = of_roots.wrong();
        if (const auto found = map.check().findings; wrong.empty() && !found.empty())
          wrong = "check: " + found.front();
        ++moments;
        return wrong.empty();
      });
  EXPECT_EQ(wrong, "") << "at access " << moments;
  EXPECT_GT(moments, 20u);
  EXPECT_EQ(locked.intent_slot + locked.building + locked.retiring, 0u);
  for (const std::string& finding : map.check().findings)
    ADD_FAILURE() << finding;
}

INSTANTIATE_TEST_SUITE_P(Who, InFlux, testing::ValuesIn(changes()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace protocol_tests
