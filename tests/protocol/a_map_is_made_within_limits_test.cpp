// What a creator asks for is refused by the limit that it passes, and who attaches is told of the
// type that is there.

#include "request.hpp"

#include <gtest/gtest.h>
#include <support/names.hpp>
#include <twinmap/platform/lease.hpp>

#include <string>

namespace twinmap::protocol {
namespace {

std::error_code refusal(const attach_request& request) {
  try {
    handle::attach(request);
  } catch (const error& refused) {
    return refused.code();
  }
  return {};
}

TEST(a_map, is_made_for_some_writers_and_not_too_many) {
  const test_support::scoped_name name;
  attach_request request = request_for(name, attach_mode::create_only);
  request.max_writers = 0;
  EXPECT_EQ(refusal(request), errc::too_many_writers);
  request.max_writers = platform::max_lease_slots + 1;
  EXPECT_EQ(refusal(request), errc::too_many_writers);
  request.max_writers = 1;
  EXPECT_FALSE(refusal(request));
}

TEST(a_map, names_no_type_at_length) {
  const test_support::scoped_name name;
  attach_request request = request_for(name, attach_mode::create_only);
  request.value.name = std::string(storage::type_name_capacity + 1, 't');
  EXPECT_EQ(refusal(request), errc::type_mismatch);
  request.value.name.pop_back();
  EXPECT_FALSE(refusal(request));
}

TEST(a_map, is_not_attached_for_a_type_of_another_size) {
  const test_support::scoped_name name;
  attach_request request = request_for(name, attach_mode::create_only);
  request.value = {"struct:point", 8};
  EXPECT_FALSE(refusal(request));
  request.mode = attach_mode::open_only;
  EXPECT_FALSE(refusal(request));
  request.value.size = 16;
  EXPECT_EQ(refusal(request), errc::type_mismatch);
}

}  // namespace
}  // namespace twinmap::protocol
