// A copier that was slow, or that somebody else goes on with, touches nothing that is not its own
// any more: what it copied may be free memory by now, or another one's copy.

#include <twinmap/protocol/care.hpp>
#include <twinmap/protocol/standby.hpp>

#include <thread>
#include <vector>

#include "between_accesses.hpp"
#include "fixture.hpp"

namespace protocol_tests {
namespace {

using twinmap::protocol::standby_copier;
using twinmap::protocol::standby_state;
using twinmap::storage::chunk_entry;
using twinmap::storage::chunk_kind;
using progress = standby_copier::progress;

std::uint32_t state_of_standby(const map_type& map) {
  return map.raw().view.header->standby.state.load();
}

class OldCopier : public Transition {
 protected:
  void SetUp() override {
    fill_read(100);
    insert(100, 400);
  }
  // As far as everybody can see it.
  void begin(standby_copier& copier) const {
    for (int i = 0; i != 100 && !is(standby_state::copying); ++i)
      ASSERT_EQ(copier.step(64), progress::copying);
    ASSERT_TRUE(is(standby_state::copying));
  }
  progress finish(standby_copier& copier) const {
    progress reached = progress::copying;
    for (int i = 0; i != 1000 && reached == progress::copying; ++i)
      reached = copier.step(64);
    return reached;
  }
  bool is(standby_state wanted) const {
    return state_of_standby(map) == static_cast<std::uint32_t>(wanted);
  }
  void expect_all_keys() {
    for (std::uint64_t key = 0; key != 400; ++key)
      EXPECT_EQ(map.load(key), key * 10) << key;
  }
  std::vector<chunk_entry> claimed() const {
    std::vector<chunk_entry> found;
    for (std::uint32_t chunk = 0; chunk != map.raw().view.resident_chunks(); ++chunk)
      if (const chunk_entry entry = map.raw().state().blocks.chunks().load(chunk);
          entry.kind() == chunk_kind::claimed)
        found.push_back(entry);
    return found;
  }
};

TEST_F(OldCopier, LeavesTheNextOnesCopyAlone) {
  standby_copier old(map.raw());
  begin(old);
  standby_copier next(map.raw());
  ASSERT_EQ(next.step(1), progress::copying);
  ASSERT_EQ(next.step(1u << 16), progress::copying);
  ASSERT_TRUE(is(standby_state::copying));
  EXPECT_EQ(finish(old), progress::nothing);
  EXPECT_TRUE(is(standby_state::copying));
  EXPECT_EQ(finish(next), progress::ready);
  ASSERT_TRUE(map.promote());
  ASSERT_FALSE(map.promote());
  map.store(1000, 10'000);
  ASSERT_TRUE(map.promote());
  expect_all_keys();
}

TEST_F(OldCopier, LeavesACopyAloneThatIsAnotherLeases) {
  standby_copier old(map.raw());
  begin(old);
  auto& copier = map.raw().view.header->standby.copier;
  const std::uint64_t mine = copier.exchange(twinmap::protocol::lease_word({5, 5}));
  EXPECT_EQ(finish(old), progress::nothing);
  EXPECT_TRUE(is(standby_state::copying));
  copier = mine;
  standby_copier next(map.raw());
  EXPECT_EQ(finish(next), progress::ready);
}

TEST_F(OldCopier, ThatAnotherThreadGoesOnWithGivesNothingBack) {
  standby_copier copier(map.raw());
  ASSERT_EQ(copier.step(1), progress::copying);
  const auto before = claimed();
  ASSERT_FALSE(before.empty());
  std::thread([&] { EXPECT_EQ(copier.step(1u << 16), progress::nothing); }).join();
  EXPECT_EQ(claimed(), before) << "the run is the first thread's";
  EXPECT_TRUE(is(standby_state::none));
}

// Dirty's words change in place, so that a copy is not to be used, while it becomes ready.
class StandbyInTime : public testing::Test {
 protected:
  static constexpr std::uint64_t keys = 40;
  using scene = interruption<map_type, std::uint64_t, std::uint64_t>;

  // Full, with an absent key in dirty: the next new key purges it.
  static void fill(map_type& map) {
    for (std::uint64_t key = 0; key != keys; ++key)
      map.store(key, key);
    map.promote();
    for (std::uint64_t key = keys; key != 2 * keys; ++key)
      map.store(key, key);
    map.erase(keys + 1);
  }
  static std::string text(progress reached) { return std::to_string(static_cast<int>(reached)); }
};

TEST_F(StandbyInTime, IsDroppedOrInstalledWhole) {
  scene what;
  what.settings.max_entries = 2 * keys;
  std::unique_ptr<standby_copier> copier;
  const auto copy = [&] { return text(copier->step(1u << 16)); };
  what.act = [](map_type& one) {
    one.store(1000, 1);
    return std::string();
  };
  what.before = [&](map_type&, map_type& other) {
    fill(other);
    copier = std::make_unique<standby_copier>(other.raw());
    while (state_of_standby(other) != static_cast<std::uint32_t>(standby_state::copying))
      copier->step(64);
  };
  what.meanwhile = {[&](map_type&) { return copy(); }};
  what.after = [&](map_type& other) {
    copier.reset();
    std::string text = std::to_string(state_of_standby(other));
    other.promote();
    return text;
  };
  EXPECT_EQ(what.everywhere() > 4, test_support::can_come_between);
}

TEST_F(StandbyInTime, IsReadyOnlyIfNobodyDroppedIt) {
  scene what;
  what.settings.max_entries = 2 * keys;
  std::unique_ptr<standby_copier> copier;
  what.act = [&](map_type&) { return text(copier->step(1u << 16)); };
  what.before = [&](map_type& one, map_type& other) {
    fill(other);
    copier = std::make_unique<standby_copier>(one.raw());
    while (state_of_standby(other) != static_cast<std::uint32_t>(standby_state::copying))
      copier->step(64);
  };
  what.meanwhile = {[&](map_type& other) {
    other.store(1000, 1);
    return std::string();
  }};
  what.after = [&](map_type& other) {
    std::string text = std::to_string(state_of_standby(other));
    copier.reset();
    return text;
  };
  EXPECT_EQ(what.everywhere() > 4, test_support::can_come_between);
}

}  // namespace
}  // namespace protocol_tests
