// R1 to R3: a reader that stood still looks at what it saw once more. Here others are in the middle
// of something when it goes on, or have been at it so often that numbers have come round.

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include <twinmap/protocol/patience.hpp>

#include "between_accesses.hpp"

namespace protocol_tests {
namespace {

using u64 = std::uint64_t;
using numbers = test_maps::raw_map<u64, u64>;
using texts = test_maps::raw_map<std::string, std::string>;
using typed = twinmap::map<u64, u64>;
using twinmap::storage::root_word;

// The first key's slot is free by now, and an insert has come as far as to write its key there.
TEST(AnInsertHalfDone, IsNoKey) {
  interruption<typed, u64, u64> what;
  what.settings.hash_mask = test_maps::all_collide;
  what.before = [](typed& one, numbers& other) {
    for (u64 key = 100; key != 104; ++key)
      other.store(key, key);
    other.promote();
    one.exchange(102, 1);
    one.load(102);
  };
  what.act = [](typed& one) { return text_of(one.contains(3)); };
  what.meanwhile = {[](numbers& other) {
    const u64 slot = other.slot_of(100)->number;
    const bool there = other.erase(100);
    other.compact();
    other.raw().view.slot(slot).key = 3;
    return text_of(there);
  }};
  EXPECT_EQ(what.everywhere() > 3, test_support::can_come_between);
}

// 4096 promotions give read's root its generation back, and meanwhile its memory was other tables'.
// The epoch alone tells.
class GenerationThatCameRound : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    for (u64 key = 0; key != 8; ++key)
      map.store(key, key * 10);
    map.promote();
    one.exchange(7, 1);
    one.load(7);
    const root_word read{map.raw().view.roots->read.load()};
    table_ = map.raw().view.heap.heap + read.offset();
    before_.assign(table_, table_ + read.groups() * twinmap::storage::group_bytes);
  }
  bool finds() {
    const std::string_view act = GetParam();
    if (act == "contains") return one.contains(3);
    if (act == "load") return one.load(3) == u64{30};
    if (act == "compare_exchange") return one.compare_exchange(3, 30, 30);
    return one.fetch_add(3, 0) == 30;
  }
  void use_the_table() {
    std::memset(table_, 0, before_.size());
    map.raw().view.header->roots.epoch += 4095;
  }
  void come_round() {
    std::memcpy(table_, before_.data(), before_.size());
    map.raw().view.header->roots.epoch += 1;
  }
  std::vector<test_support::place> touches_of(const std::function<void()>& body) {
    auto& file = handle_of(one).state().file;
    return test_support::find_touches(file.base(), file.size(), 1, body);
  }

  const test_support::scoped_name name;
  numbers map{test_maps::attach_mode::create_only, name, interruption<typed, u64, u64>::small()};
  typed one{twinmap::open_only, name};

 private:
  std::byte* table_ = nullptr;
  std::vector<std::byte> before_;
};

TEST_P(GenerationThatCameRound, ProvesNothing) {
  bool found = false;
  const auto act = [&] { found = finds(); };
  const auto use = [&] { use_the_table(); };
  constexpr std::size_t within = 5;  // accesses; later it would be looked for once more
  for (const auto& first : touches_of(act)) {
    const auto interrupted = [&] { test_support::come_between(first, act, use); };
    const auto then = touches_of(interrupted);
    come_round();
    std::size_t at = 0;
    while (at != then.size() && then[at].instruction != first.instruction)
      ++at;
    for (std::size_t i = at + 1; i < std::min(then.size(), at + within); ++i) {
      bool came = false;
      const auto back = [&] {
        come_round();
        came = true;
      };
      test_support::come_between(then[i], interrupted, back);
      if (!came) come_round();
      EXPECT_TRUE(found || !came) << i - at;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(In, GenerationThatCameRound,
                         testing::Values("contains", "load", "compare_exchange", "fetch_add"));

// A value that is another one at each look is no damage, however often that is.
TEST(AnExchange, GoesOnWhileOthersAreFaster) {
  if (!test_support::can_come_between) GTEST_SKIP() << "it takes x86's trap flag, and no sanitizer";
  const test_support::scoped_name name;
  const auto settings = interruption<texts, std::string, std::string>::small();
  texts map(test_maps::attach_mode::create_only, name, settings);
  texts other(test_maps::attach_mode::open_only, name, settings);
  map.store("key", std::string(16, 'a'));
  map.promote();
  other.exchange("key", std::string(16, 'b'));
  map.exchange("key", std::string(16, 'c'));
  std::optional<std::string> had;
  const auto exchange = [&] {
    const std::string told = answer_of([&] { return had = map.exchange("key", "last"); });
    EXPECT_EQ(told, text_of(had));
  };
  auto& file = map.raw().state().file;
  for (const auto& place : test_support::find_touches(file.base(), file.size(), 1, exchange)) {
    map.store("key", std::string(16, 'a'));
    had.reset();
    constexpr unsigned often = twinmap::protocol::max_damaged + 2;
    unsigned times = 0;
    test_support::watch_accesses(file.base(), file.size(), exchange, [&](std::uintptr_t here) {
      if (here == place.instruction)
        other.exchange("key", std::string(16, static_cast<char>('a' + times++ % 26)));
      return times != often;
    });
    EXPECT_TRUE(had);
  }
}

}  // namespace
}  // namespace protocol_tests
