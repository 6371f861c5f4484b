#pragma once

// Hints for looking many keys up at once: while one key's cache lines are on their way, the next
// ones are asked for. Wrong hints cost time, never correctness: what the lookups themselves do is
// in protocol/reader.hpp.

#include <twinmap/protocol/reader.hpp>

#include <bit>

namespace twinmap::detail {

/// Where a key's home group lies in the read table, or null if the root word points outside (R6).
inline const std::byte* home_group(const protocol::segment_view& view, storage::root_word read,
                                   std::uint64_t hash) noexcept {
  const std::uint64_t offset =
      read.offset() +
      storage::home_group(static_cast<std::uint32_t>(hash), read.groups()) * storage::group_bytes;
  return view.heap_ok(offset, storage::group_bytes) ? view.heap.heap + offset : nullptr;
}

/// Asks for the entry that the first word with the key's tag names.
template <class Group>
void prefetch_entry(const protocol::segment_view& view, const std::byte* group,
                    std::uint64_t hash) noexcept {
  const storage::group_mask mask = storage::match_tag<Group>(group, hash);
  if (mask == 0) return;
  const std::uint64_t number = storage::load_number<Group>(group, storage::first_of(mask));
  if (view.slot_ok(number)) __builtin_prefetch(&view.slot(number));
}

/// The entries of several keys. Call `prefetch_groups` some time before.
inline void prefetch_entries(const protocol::segment_view& view, storage::root_word read,
                             const std::uint64_t* hashes, std::size_t count) noexcept {
  for (std::size_t i = 0; i != count; ++i) {
    const std::byte* group = home_group(view, read, hashes[i]);
    if (group == nullptr) continue;
    if (read.wide())
      prefetch_entry<storage::wide_group>(view, group, hashes[i]);
    else
      prefetch_entry<storage::narrow_group>(view, group, hashes[i]);
  }
}

inline void prefetch_groups(const protocol::segment_view& view, storage::root_word read,
                            const std::uint64_t* hashes, std::size_t count) noexcept {
  for (std::size_t i = 0; i != count; ++i)
    if (const std::byte* group = home_group(view, read, hashes[i])) __builtin_prefetch(group);
}

}  // namespace twinmap::detail
