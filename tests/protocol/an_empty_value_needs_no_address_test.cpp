// An empty span may have a null pointer in it, as a key, as a value and as what is compared with.
// That nothing is done with the pointer is for the undefined-behaviour sanitizer to see.

#include "request.hpp"

#include <support/names.hpp>

#include <gtest/gtest.h>

#include <twinmap/protocol/handle.hpp>

#include <memory>

namespace twinmap::protocol {
namespace {

TEST(an_empty_value, needs_no_address) {
  const test_support::scoped_name name;
  const std::unique_ptr<handle> map = handle::attach(request_for(name, attach_mode::create_only));
  const bytes nothing;
  ASSERT_EQ(nothing.data(), nullptr);
  const key_view key = map->key(nothing.data(), nothing.size());
  value_buffer out;

  map->store(key, nothing);
  ASSERT_TRUE(map->load(key, out));
  EXPECT_TRUE(out.view().empty());
  EXPECT_TRUE(map->load_or_store(key, nothing, out));
  EXPECT_TRUE(map->exchange(key, nothing, out));
  EXPECT_TRUE(map->compare_exchange(key, nothing, nothing));
  EXPECT_TRUE(map->compare_erase(key, nothing));
  EXPECT_FALSE(map->load(key, out));
  EXPECT_FALSE(map->load_or_store(key, nothing, out));
  EXPECT_EQ(map->size(), 1u);
}

}  // namespace
}  // namespace twinmap::protocol
