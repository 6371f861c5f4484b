#pragma once

// Changing the words of an index table: for the holder of the mutex only. Readers are in the same
// memory meanwhile.
//
// (T2) the release store of a tag pairs with (R7) of protocol/reader.hpp, the acquire fence between
// a reader's comparison of the tags and its load of the number: whoever finds the word finds its
// number, and the slot's key.

#include <twinmap/storage/index_table.hpp>

namespace twinmap::storage {

/// What a word says: a key's tag, and the number of its slot.
struct index_word {
  std::uint8_t tag;
  std::uint64_t slot;
  [[nodiscard]] static constexpr index_word make(std::uint64_t hash, std::uint64_t slot) noexcept {
    return {tag_of(hash), slot};
  }
};

inline void store_tag(std::byte* group, unsigned i, std::uint8_t tag) noexcept {
  __atomic_store_n(reinterpret_cast<std::uint8_t*>(group) + i, tag, __ATOMIC_RELEASE);  // (T2)
}

/// Publishes a word where none is. Whoever dies before the last store has written nothing.
template <class Group>
inline void store_word(std::byte* group, unsigned i, index_word word) noexcept {
  auto* at = reinterpret_cast<std::uint8_t*>(group) + numbers_at + i * Group::number_bytes;
  for (unsigned byte = 0; byte != Group::number_bytes; ++byte)
    __atomic_store_n(at + byte, static_cast<std::uint8_t>(word.slot >> (8 * byte)),
                     __ATOMIC_RELAXED);
  store_tag(group, i, word.tag);
}

/// Removes a word from a published table.
inline void bury_word(std::byte* group, unsigned i) noexcept {
  store_tag(group, i, tombstone_tag);
}

enum class placed : std::uint8_t { no_room, in_empty, over_tombstone };

/// Puts a word into the first group from its home on that has an empty place or a tombstone;
/// `*placed_in` says which group that was.
template <class Group>
placed place_word(std::byte* table, std::uint64_t groups, std::uint32_t low_hash, index_word word,
                  std::uint64_t* placed_in = nullptr) noexcept {
  std::uint64_t group = home_group(low_hash, groups);
  for (std::uint64_t step = 0; step != groups; ++step) {
    std::byte* at = table + group * group_bytes;
    const group_mask room = ~match_named<Group>(at) & all_words<Group>;
    if (room != 0) {
      const auto i = static_cast<unsigned>(std::countr_zero(room));
      const bool empty = load_tag(at, i) == empty_tag;
      store_word<Group>(at, i, word);
      if (placed_in != nullptr) *placed_in = group;
      return empty ? placed::in_empty : placed::over_tombstone;
    }
    group = group + 1 == groups ? 0 : group + 1;
  }
  return placed::no_room;
}

/// Calls f(i, word) for each word of a group.
template <class Group, class F>
inline void for_words_in(const std::byte* group, F f) {
  group_mask named = match_named<Group>(group);
  platform::acquire_fence();  // (R7) of protocol/reader.hpp
  for (; named != 0; named &= named - 1) {
    const auto i = static_cast<unsigned>(std::countr_zero(named));
    f(i, index_word{load_tag(group, i), load_number<Group>(group, i)});
  }
}

/// Calls f(group, i) for each word of the table that names `slot`, home group first, as far as they
/// can lie.
template <class Group, class F>
void for_words_of(std::byte* table, std::uint64_t groups, std::uint32_t low_hash,
                  std::uint64_t slot, F f) {
  std::uint64_t group = home_group(low_hash, groups);
  for (std::uint64_t step = 0; step != groups; ++step) {
    std::byte* at = table + group * group_bytes;
    for_words_in<Group>(at, [&](unsigned i, index_word word) {
      if (word.slot == slot) f(at, i);
    });
    if (match_empty<Group>(at) != 0) return;
    group = group + 1 == groups ? 0 : group + 1;
  }
}

/// Tables of up to so many groups are kept emptier: they fit the first-level cache all the same,
/// and a lookup that must look beyond its home group then costs more than what is around it.
inline constexpr std::uint64_t small_table = 512;

/// How many groups a new table of `words` words gets: half full, a small one three eighths, so that
/// it takes half as many more before it is rebuilt.
template <class Group>
constexpr std::uint64_t groups_for(std::uint64_t words) noexcept {
  const std::uint64_t roomy = words * 8 / (Group::per_group * 3) + 1;
  const std::uint64_t half_full = words * 2 / Group::per_group + 1;
  if (roomy <= small_table) return roomy < 4 ? 4 : roomy;
  return half_full <= small_table ? small_table + 1 : half_full;
}

constexpr std::uint64_t word_count(root_word root) noexcept {
  return root.groups() * (root.wide() ? wide_group::per_group : narrow_group::per_group);
}

/// A table is rebuilt when more than this many of its words are in use: three quarters, at which
/// about one key in thirty lies outside its home group. Emptier ones would send fewer there, and
/// cost more in the cache than that at 1 M keys. Nine sixteenths of a small one.
constexpr std::uint64_t fill_limit(root_word root) noexcept {
  const std::uint64_t words = word_count(root);
  return root.groups() <= small_table ? words * 9 / 16 : words - words / 4;
}

}  // namespace twinmap::storage
