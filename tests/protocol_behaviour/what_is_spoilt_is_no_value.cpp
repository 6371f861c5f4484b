// P6, as the typed interfaces meet it: an entry whose value cannot be one, and a root that leads
// nowhere, under a lookup of many keys at once.

#include <twinmap/twinmap.h>
#include <maps/segment_bytes.hpp>
#include <twinmap/map.hpp>
#include <twinmap/map_access.hpp>

#include <array>
#include <optional>
#include <span>

#include "fenced.hpp"

namespace protocol_tests {

// With a codec of its own.
struct spelt {
  std::string letters;
};

}  // namespace protocol_tests

template <>
struct twinmap::codec<protocol_tests::spelt> {
  static constexpr std::string_view name = "spelt";
  static std::size_t size(const protocol_tests::spelt& from) { return from.letters.size(); }
  static void encode(const protocol_tests::spelt& from, std::span<std::byte> to) {
    std::memcpy(to.data(), from.letters.data(), to.size());
  }
  static protocol_tests::spelt decode(std::span<const std::byte> from) {
    return {std::string(reinterpret_cast<const char*>(from.data()), from.size())};
  }
};

namespace protocol_tests {
namespace {

const twinmap::options small_map{.max_bytes = 4u << 20};

class NoValue : public testing::Test {
 protected:
  // The only entry says that its value, in the slot, has 15 bytes.
  void lengthen() const {
    const test_maps::segment_bytes segment(name.segment_file());
    const auto& constant = segment.header().constant;
    auto& first = *reinterpret_cast<twinmap::storage::entry*>(
        segment.base() + constant.slots.offset + (1u << constant.slot_shift));
    first.value.first |= 15u << 3;
  }
  template <class Call>
  void expect_corrupted(Call call) const {
    try {
      call();
      ADD_FAILURE() << "it was taken for a value";
    } catch (const twinmap::error& failure) {
      EXPECT_EQ(failure.code(), twinmap::errc::corrupted);
    }
  }
  const test_support::scoped_name name;
};

TEST_F(NoValue, IsTooLongForItsSlot) {
  twinmap::map<std::string, std::string> map(twinmap::create_only, name, small_map);
  map.store("key", "1234567");
  lengthen();
  expect_corrupted([&] { map.load("key"); });
}

TEST_F(NoValue, IsTooLongForItsSlotUnderACodec) {
  twinmap::map<std::string, spelt> map(twinmap::create_only, name, small_map);
  map.store("key", {"1234567"});
  lengthen();
  expect_corrupted([&] { map.load("key"); });
}

TEST_F(NoValue, IsTooLongForItsSlotInC) {
  twinmap::map<std::string, std::string>(twinmap::create_only, name, small_map)
      .store("key", "1234567");
  lengthen();
  twinmap_map* map = nullptr;
  ASSERT_EQ(twinmap_open(name.str().c_str(), TWINMAP_OPEN_ONLY, nullptr, nullptr, nullptr, &map),
            TWINMAP_OK);
  std::array<char, 64> value{};
  std::size_t length = value.size();
  EXPECT_EQ(twinmap_load(map, "key", 3, value.data(), &length), TWINMAP_CORRUPTED);
  twinmap_close(map);
}

TEST_F(NoValue, IsFoundByAWideRootThatLeadsNowhere) {
  using twinmap::storage::root_word;
  constexpr std::uint64_t count = 20;
  twinmap::map<std::uint64_t, std::uint64_t> map(twinmap::create_only, name, small_map);
  std::array<std::uint64_t, count> keys{};
  std::array<std::optional<std::uint64_t>, count> values{};
  for (std::uint64_t key = 0; key != count; ++key)
    map.store(keys[key] = key, key);
  const auto& view = twinmap::detail::map_access::handle(map).view;
  const std::uint64_t end = std::uint64_t{view.resident_chunks()} << view.heap.chunk_shift;
  const fenced_pages behind_heap(view.heap.heap + end, view.heap.heap + view.max_heap_bytes);
  view.header->roots.read = root_word::make(end, 4, true, 1).bits;
  expect_corrupted([&] { map.load_many(keys, values); });
}

}  // namespace
}  // namespace protocol_tests
