#pragma once

// Changing the words of an index table: for the holder of the mutex only. Readers are in the same
// memory meanwhile.
//
// (T2) the release store of a word pairs with the seq_cst load of the entry word that it leads to
// (R3 in reader.hpp): whoever finds the word finds the slot's key.

#include <twinmap/storage/index_table.hpp>

namespace twinmap::storage {

template <class Word>
inline void store_word(std::byte* group, unsigned i, Word word) noexcept {
  __atomic_store_n(reinterpret_cast<Word*>(group) + i, word, __ATOMIC_RELEASE);  // (T2)
}

enum class placed : std::uint8_t { no_room, in_empty, over_tombstone };

/// Puts a word into the first group from its home on that has an empty word or a tombstone;
/// `*placed_in` says which group that was.
template <class Word>
placed place_word(std::byte* table, std::uint64_t groups, std::uint32_t low_hash, Word word,
                  std::uint64_t* placed_in = nullptr) noexcept {
  std::uint64_t group = home_group(low_hash, groups);
  for (std::uint64_t step = 0; step != groups; ++step) {
    std::byte* at = table + group * group_bytes;
    const group_mask room = scan_group<Word>(at, [](Word w) { return slot_of<Word>(w) == 0; });
    if (room != 0) {
      const auto i = static_cast<unsigned>(std::countr_zero(room));
      const bool empty = load_word<Word>(at, i) == 0;
      store_word<Word>(at, i, word);
      if (placed_in != nullptr) *placed_in = group;
      return empty ? placed::in_empty : placed::over_tombstone;
    }
    group = group + 1 == groups ? 0 : group + 1;
  }
  return placed::no_room;
}

/// Calls f(group, i) for each word of the table that names `slot`, home group first, as far as they
/// can lie.
template <class Word, class F>
void for_words_of(std::byte* table, std::uint64_t groups, std::uint32_t low_hash,
                  std::uint64_t slot, F f) {
  std::uint64_t group = home_group(low_hash, groups);
  for (std::uint64_t step = 0; step != groups; ++step) {
    std::byte* at = table + group * group_bytes;
    group_mask found = scan_group<Word>(at, [slot](Word w) { return slot_of<Word>(w) == slot; });
    for (; found != 0; found &= found - 1)
      f(at, static_cast<unsigned>(std::countr_zero(found)));
    if (match_empty<Word>(at) != 0) return;
    group = group + 1 == groups ? 0 : group + 1;
  }
}

/// How many groups a new table of `words` words gets: half full, so that it takes half as many more
/// before it is rebuilt.
template <class Word>
constexpr std::uint64_t groups_for(std::uint64_t words) noexcept {
  const std::uint64_t groups = words * 100 / (index_word<Word>::per_group * 50) + 1;
  return groups < 4 ? 4 : groups;
}

constexpr std::uint64_t word_count(root_word root) noexcept {
  return root.groups() * (root.wide() ? index_word<std::uint64_t>::per_group
                                      : index_word<std::uint32_t>::per_group);
}

/// A table is rebuilt when more than this many of its words are in use: three quarters, at which
/// about one key in thirty lies outside its home group. Emptier ones would send fewer there, and
/// cost more in the cache than that at 1 M keys.
constexpr std::uint64_t fill_limit(root_word root) noexcept {
  return word_count(root) - word_count(root) / 4;
}

}  // namespace twinmap::storage
