// P6, word by word: each word of the header that changes, and some of each kind that lie behind it,
// holds a number that it never should. Whoever is attached, and whoever comes, works on: any answer
// and any twinmap::error will do.

#include "request.hpp"

#include <gtest/gtest.h>
#include <maps/spoiler.hpp>
#include <support/child.hpp>
#include <support/names.hpp>
#include <support/privilege.hpp>

#include <twinmap/protocol/admin.hpp>
#include <twinmap/protocol/gather.hpp>
#include <twinmap/protocol/walk.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace twinmap::protocol {
namespace {

using test_maps::harmless;
using word = std::atomic<std::uint32_t>;

constexpr int keys = 40;

std::string key_of(int i) {
  return std::string(i % 3 == 0 ? 60 : 1, 'k') + std::to_string(i);  // some in the heap
}

std::string value_of(int i) {
  return std::string(i % 4 == 0 ? 3 : i % 4 == 1 ? 5000 : 100, 'v');
}

void store(handle& map, int i, const std::string& value) {
  const std::string key = key_of(i);
  map.store(map.key(key.data(), key.size()), std::as_bytes(std::span(value)));
}

// Read, an amended dirty, erased and expunged slots, a standby, values in slots, blocks and runs.
void fill(handle& map) {
  for (int i = 0; i != keys; ++i)
    store(map, i, value_of(i));
  promote(map);
  for (int i = 0; i != keys; i += 2) {
    const std::string key = key_of(i);
    map.erase(map.key(key.data(), key.size()));
  }
  for (int i = keys; i != keys + 10; ++i)
    store(map, i, value_of(i));
  store(map, 1, std::string(40'000, 'r'));
  prepare_standby(map);
}

void look_at_everything(handle& map) {
  value_buffer value;
  for (int i = 0; i < keys + 12; i += 3) {
    const std::string key = key_of(i);
    harmless([&] { map.load(map.key(key.data(), key.size()), value); });
  }
  harmless([&] {
    slot_copy copy;
    for (key_walk walk(map); walk.next(copy);) {
    }
  });
  harmless([&] { for_each_slot(map, [](const slot_info&) { return true; }); });
  harmless([&] { stats(map, true); });
  harmless([&] { check(map); });
  harmless([&] { writers(map); });
  harmless([&] { look(map); });
}

void change_everything(handle& map) {
  value_buffer value;
  harmless([&] { tend(map); });
  for (int i = 0; i != 6; ++i)
    harmless([&] { store(map, 5 * i, value_of(i)); });
  for (int i = keys + 10; i != keys + 40; ++i)
    harmless([&] { store(map, i, value_of(i)); });
  for (int i = 1; i < keys; i += 7) {
    const std::string key = key_of(i);
    harmless([&] { map.load_and_erase(map.key(key.data(), key.size()), value); });
  }
  harmless([&] { promote(map); });
  harmless([&] { prepare_standby(map); });
  harmless([&] { store(map, keys + 50, value_of(1)); });
  harmless([&] { compact(map); });
  harmless([&] { sweep(map); });
  harmless([&] {
    gatherer some(map);
    for (int i = 0; i != 20 && some.some(100); ++i) {
    }
  });
  harmless([&] { map.clear(); });
}

std::unique_ptr<handle> attached(const test_support::scoped_name& name, attach_mode mode) {
  attach_request request = request_for(name, mode);
  request.max_bytes = 2u << 20;
  request.lock_timeout = std::chrono::milliseconds(20);
  return handle::attach(request);
}

// Words of four bytes of the file, by their offsets.
std::vector<std::uint64_t> words_worth_spoiling(const handle& map) {
  std::vector<std::uint64_t> all;
  const auto add = [&](std::uint64_t offset, std::uint64_t length) {
    for (std::uint64_t at = 0; at != length; at += sizeof(word))
      all.push_back(offset + at);
  };
  const storage::header_constant& constant = map.view.constant;
  add(offsetof(storage::segment_header, roots), offsetof(storage::segment_header, totals) - 1024);
  add(constant.leases.offset, 64);
  add(constant.chunk_table.offset, 6 * sizeof(storage::chunk_record));
  add(constant.slots.offset + (1u << constant.slot_shift), 3u << constant.slot_shift);
  add(constant.owners.offset, 64);
  for (const auto* root : {&map.view.roots->read, &map.view.roots->dirty})
    add(constant.heap.offset + storage::root_word{root->load()}.offset(), 128);
  return all;
}

// A dead process has the mutex: what it left is believed even less.
void leave_the_mutex_to_the_dead(handle& map) {
  map.view.header->locked.mutex = platform::mutex_layout::owner_word({.slot = 7, .incarnation = 3});
}

void live_with(std::uint64_t offset, std::uint32_t value, bool of_the_dead) {
  const test_support::scoped_name name;
  const auto map = attached(name, attach_mode::create_only);
  fill(*map);
  reinterpret_cast<word*>(reinterpret_cast<std::byte*>(map->view.header) + offset)->store(value);
  if (of_the_dead) leave_the_mutex_to_the_dead(*map);
  look_at_everything(*map);
  change_everything(*map);
  harmless([&] {
    const auto other = attached(name, attach_mode::open_only);
    look_at_everything(*other);
    change_everything(*other);
  });
}

TEST(a_word_of_the_segment, may_hold_anything) {
  std::vector<std::uint64_t> offsets;
  {
    const test_support::scoped_name name;
    const auto map = attached(name, attach_mode::create_only);
    fill(*map);
    offsets = words_worth_spoiling(*map);
  }
  constexpr std::uint32_t values[] = {~0u, 1, 0xFFFF, 1u << 31};
  const std::size_t share = test_support::rounds(4u, 1u);  // of all pairs of a word and a value
  std::size_t pair = 0;
  for (const std::uint64_t offset : offsets)
    for (const std::uint32_t value : values) {
      if (++pair % share != 0 && value != ~0u) continue;
      test_support::child one([&] { live_with(offset, value, offset % 8 == 0); });
      EXPECT_EQ(one.wait(std::chrono::seconds(20)), 0) << value << " at " << offset;
    }
}

}  // namespace
}  // namespace twinmap::protocol
