// Garbage that looks like what it stands for.

#include "anatomy.hpp"

#include <twinmap/platform/robust_mutex.hpp>
#include <twinmap/protocol/care.hpp>
#include <twinmap/storage/layout.hpp>
#include <twinmap/storage/seal.hpp>

#include <array>
#include <cstring>

namespace garbage_tests {
namespace {

using twinmap::storage::block_ref;
using twinmap::storage::chunk_entry;
using twinmap::storage::chunk_kind;
using twinmap::storage::entry_meta;
using twinmap::storage::entry_state;
using twinmap::storage::entry_word;
using twinmap::storage::header_locked;
using twinmap::storage::header_roots;
using twinmap::storage::header_standby;
using twinmap::storage::owner_word;
using twinmap::storage::root_word;
using twinmap::storage::sealed;
using twinmap::storage::segment_header;

// Takes a number apart, so that one value decides several things.
class choices {
 public:
  explicit choices(std::uint64_t value) : left_(value) {}
  // Mostly small; `limit` itself is the first that is too large.
  std::uint64_t below(std::uint64_t limit) {
    const std::uint64_t chosen = left_ % limit;
    left_ = left_ / limit + (left_ << 51);
    return chosen;
  }
  template <class T, std::size_t size>
  T of(const std::array<T, size>& all) {
    return all[below(size)];
  }

 private:
  std::uint64_t left_;
};

twinmap::platform::lease_id some_lease(const anatomy& map, choices& from) {
  return {static_cast<std::uint32_t>(from.below(map.constant().max_writers)), 1 + from.below(4)};
}

// Tables of any shape, in any chunk, the one behind the last included.
std::uint64_t some_root(const anatomy& map, choices& from) {
  const std::uint64_t chunk = from.below(map.chunks_used() + 1);
  const std::uint64_t room =
      ((map.chunks_used() - chunk) << map.constant().chunk_shift) / twinmap::storage::group_bytes;
  const auto groups = from.of(std::array<std::uint64_t, 10>{0, 1, 2, 4, 13, 64, 512, room, room + 1,
                                                            root_word::max_groups});
  const root_word root = root_word::make(chunk << map.constant().chunk_shift, groups,
                                         from.below(4) == 0, from.below(8));
  return root.with_amended(from.below(2) == 0).bits;
}

std::uint64_t some_block(const anatomy& map, choices& from) {
  const block_ref known = map.blocks()[from.below(map.blocks().size())];
  const unsigned pairs_shift = map.constant().chunk_shift - map.constant().granule_shift;
  const std::uint64_t pairs = std::uint64_t{map.chunks_used() + 1} << pairs_shift;
  const auto owner =
      from.below(2) == 0 ? known.owner() : static_cast<std::uint32_t>(from.below(pairs));
  const std::uint32_t chunk = 1u << map.constant().chunk_shift;
  const auto length = from.of(std::array<std::uint32_t, 12>{
      0, 1, 9, 64, 65, 400, known.length(), chunk / 4, chunk / 4 + 1, chunk, 3 * chunk + 1, ~0u});
  return block_ref::make(owner, length).bits;
}

// Forged, so that it is believed: up to the largest, a little more, or any number.
std::uint32_t some_limit(std::uint64_t largest, choices& from) {
  return static_cast<std::uint32_t>(from.below(from.below(3) == 0 ? 1ull << 32 : largest + 3));
}

std::uint64_t some_of_roots(const anatomy& map, std::uint32_t word, std::uint64_t old,
                            choices& from) {
  const std::uint64_t seed = map.constant().uuid[0];
  switch (word) {
    case offsetof(header_roots, read):
    case offsetof(header_roots, dirty):
      return from.below(4) == 0 ? root_word{old}.with_amended(from.below(2) == 0).bits
                                : some_root(map, from);
    case offsetof(header_roots, slots_committed):
      return twinmap::storage::seal(seed, sealed::slots,
                                    some_limit(map.constant().max_entries, from));
    case offsetof(header_roots, heap_committed):
      return twinmap::storage::seal(seed, sealed::chunks, some_limit(map.constant().chunks, from));
    default:
      return from.below(1000);
  }
}

// Words of two fields of 32 bits each.
std::uint64_t some_of_locked(const anatomy& map, std::uint32_t word, choices& from) {
  const auto slot = [&] { return from.below(map.slots_used() + 2); };
  const auto chunk = [&] { return from.below(map.chunks_used() + 2); };
  switch (word) {
    case offsetof(header_locked, mutex):
      return twinmap::platform::mutex_layout::owner_word(some_lease(map, from)) | slot() << 32;
    case offsetof(header_locked, building):
      return chunk() | chunk() << 32;
    case offsetof(header_locked, slots_used):
    case offsetof(header_locked, reap_cursor):
      return (from.below(2) == 0 ? slot() : map.constant().max_entries + from.below(3)) | slot()
                                                                                              << 32;
    default:
      return from.below(1000);
  }
}

std::uint64_t some_of_standby(const anatomy& map, std::uint32_t word, choices& from) {
  switch (word) {
    case offsetof(header_standby, copier):
      return twinmap::protocol::lease_word(some_lease(map, from));
    case offsetof(header_standby, state):
      return from.below(5) | from.below(100) << 32;
    default:
      return some_root(map, from);
  }
}

// Eight tags, or numbers of slots: the lower half of a word of them, and a bit.
std::uint64_t some_of_table(const anatomy& map, std::uint32_t offset, std::uint64_t old,
                            choices& from) {
  std::array<std::uint8_t, 8> bytes{};
  std::memcpy(bytes.data(), &old, sizeof old);
  if (offset % twinmap::storage::group_bytes < twinmap::storage::numbers_at) {
    for (std::uint8_t& tag : bytes)
      if (from.below(2) == 0)
        tag = static_cast<std::uint8_t>(from.below(3) == 0 ? from.below(3) : from.below(256));
  } else {
    // Or of any slot that a forged limit may let pass.
    const std::uint64_t number = from.below(from.below(4) == 0 ? 1u << 24 : map.slots_used() + 1);
    std::memcpy(bytes.data() + from.below(6), &number, 3);
  }
  std::uint64_t word;
  std::memcpy(&word, bytes.data(), sizeof word);
  return word;
}

std::uint64_t some_of_keys(const anatomy& map, std::uint32_t offset, std::uint64_t old,
                           choices& from) {
  const std::uint64_t in_slot =
      (offset - map.constant().slots.offset) % (1ull << map.constant().slot_shift);
  if (in_slot != 16) return some_block(map, from);
  const auto length = from.of(std::array<std::size_t, 8>{0, 7, 8, 9, 40, 41, 80, 65535});
  return entry_meta::make(from.below(2) == 0 ? entry_meta{old}.birth() : from.below(2000), length)
      .bits;
}

std::uint64_t some_of_records(const anatomy& map, std::uint32_t offset, std::uint64_t old,
                              choices& from) {
  const auto first = static_cast<std::uint32_t>(map.constant().chunk_table.offset);
  const std::uint32_t chunk = (offset - first) / 16;
  if ((offset - first) % 16 == 0) {
    const auto kind = static_cast<chunk_kind>(from.below(7));
    const auto number = from.below(3) == 0 ? from.below(64) : from.below(map.chunks_used() + 2);
    return chunk_entry{old}
        .next(kind, static_cast<std::uint32_t>(number),
              static_cast<std::uint32_t>(from.below(map.constant().max_writers + 1)))
        .bits;
  }
  const unsigned pairs_shift = map.constant().chunk_shift - map.constant().granule_shift;
  auto pairs = static_cast<std::uint32_t>(from.below((1ull << pairs_shift) + 2));
  if (from.below(4) == 0) pairs |= twinmap::storage::given_back_bit;
  const std::uint64_t check =
      twinmap::storage::check_of(map.constant().uuid[0], sealed::pairs, chunk, pairs & 0xFFFF);
  return from.below(100) | std::uint64_t{pairs & 0xFFFF} << 16 | check << 32;
}

std::uint64_t some_of_payloads(const anatomy& map, choices& from) {
  switch (from.below(3)) {
    case 0:
      return from.below(map.slots_used() + 1) | twinmap::storage::listed_bit;
    case 1:
      return from.below(100);  // a cycle
    default:
      return some_block(map, from);
  }
}

std::uint64_t some_of_pairs(const anatomy& map, std::uint32_t offset, choices& from) {
  if (offset % 16 != 0) return twinmap::storage::make_stamp(0, from.below(500));
  const auto kind = from.below(4);
  return kind == 1 ? owner_word::leased(some_lease(map, from)).bits : kind;
}

}  // namespace

std::uint64_t plausible(const anatomy& map, place where, std::uint32_t offset, std::uint64_t old,
                        std::uint64_t value) {
  choices from(value);
  const auto field = [offset](std::size_t of) { return offset - static_cast<std::uint32_t>(of); };
  switch (where) {
    case place::roots:
      return some_of_roots(map, field(offsetof(segment_header, roots)), old, from);
    case place::locked:
      return some_of_locked(map, field(offsetof(segment_header, locked)), from);
    case place::standby:
      return some_of_standby(map, field(offsetof(segment_header, standby)), from);
    case place::read_table:
    case place::dirty_table:
      return some_of_table(map, offset, old, from);
    case place::entry_words:
      return (old & ~0xFFull) | from.below(6) | from.below(10) << 3;
    case place::entry_payloads:
      return some_of_payloads(map, from);
    case place::references:
      return some_block(map, from);
    case place::entry_keys:
      return some_of_keys(map, offset, old, from);
    case place::owner_pairs:
      return some_of_pairs(map, offset, from);
    case place::chunk_records:
      return some_of_records(map, offset, old, from);
    case place::leases:
    case place::hints:
    case place::counts:
      return from.below(4) == 0 ? 0 - from.below(1000) : from.below(1000);
    default:
      return from.below(1u << 16);
  }
}

}  // namespace garbage_tests
