// A map of one thread that publishes every miss at once, so that each transition happens exactly
// when the test makes it happen.
#pragma once

#include <gtest/gtest.h>
#include <maps/raw_map.hpp>
#include <support/names.hpp>
#include <twinmap/protocol/admin.hpp>

#include <cstdint>

namespace protocol_tests {

using test_maps::attach_mode;
using test_maps::counter;
using test_maps::entry_state;
using twinmap::protocol::slot_place;

using map_type = test_maps::raw_map<std::uint64_t, std::uint64_t>;

inline test_maps::raw_settings one_by_one() {
  test_maps::raw_settings settings;
  settings.miss_batch = 1;
  settings.max_bytes = 64ull << 20;
  return settings;
}

class Transition : public testing::Test {
 protected:
  // Inserts keys first … last - 1, each with its own number times ten.
  void insert(std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t key = first; key < last; ++key)
      map.store(key, key * 10);
  }
  // A map whose read holds the keys below `count`, and that has no dirty.
  void fill_read(std::uint64_t count) {
    insert(0, count);
    ASSERT_TRUE(map.promote());
    const auto now = map.stats();
    ASSERT_EQ(now.read_words, count);
    ASSERT_EQ(now.dirty_words, 0u);
    ASSERT_FALSE(now.amended);
  }
  slot_place place_of(std::uint64_t key) const {
    const auto slot = map.slot_of(key);
    return slot ? slot->place : slot_place::none;
  }
  entry_state state_of(std::uint64_t key) const {
    const auto slot = map.slot_of(key);
    return slot ? slot->state : entry_state::free;
  }
  void expect_sound() const {
    for (const std::string& finding : map.check().findings)
      ADD_FAILURE() << finding;
  }
  void TearDown() override { expect_sound(); }

  test_support::scoped_name name;
  map_type map{attach_mode::create_only, name, one_by_one()};
};

}  // namespace protocol_tests
