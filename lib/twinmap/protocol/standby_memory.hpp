#pragma once

// The memory of a standby, and how groups of dirty get into it. For standby.cpp, under the mutex,
// and standby_copier.cpp, without.

#include <twinmap/protocol/standby.hpp>

namespace twinmap::protocol {

/// The memory of two tables and of the marks between them. Empty if any of it leads outside the
/// heap (P6).
struct standby_memory {
  standby_memory(const segment_view& of, storage::root_word from, storage::root_word to) noexcept
      : view(of), source(from), table(to) {
    const std::uint64_t table_bytes = to.groups() * storage::group_bytes;
    const std::uint64_t source_bytes = from.groups() * storage::group_bytes;
    if (from.groups() == 0 || to.groups() == 0 || !view.heap_ok(from.offset(), source_bytes) ||
        !view.heap_ok(to.offset(), table_bytes + mark_words() * sizeof(std::uint64_t)))
      return;
    from_groups = view.heap.heap + from.offset();
    to_groups = view.heap.heap + to.offset();
    marks = reinterpret_cast<std::atomic<std::uint64_t>*>(to_groups + table_bytes);
  }
  explicit operator bool() const noexcept { return marks != nullptr; }
  [[nodiscard]] std::uint64_t mark_words() const noexcept { return (source.groups() + 63) / 64; }
  [[nodiscard]] bool same_shape() const noexcept {
    return source.groups() == table.groups() && source.wide() == table.wide();
  }

  const segment_view& view;
  storage::root_word source;
  storage::root_word table;
  const std::byte* from_groups = nullptr;
  std::byte* to_groups = nullptr;
  std::atomic<std::uint64_t>* marks = nullptr;
};

/// Copies one group: as it is where both tables have the same shape, else word by word, each once.
/// False if there is no room.
bool copy_group(const standby_memory& m, std::uint64_t group) noexcept;
/// Copies the groups that `bits` of one word of marks stand for.
bool copy_marked(const standby_memory& m, std::uint64_t word, std::uint64_t bits) noexcept;
/// Where words are placed anew, their hashes lie all over memory: asks for those of a group that
/// will be copied soon.
void prefetch_group(const standby_memory& m, std::uint64_t group) noexcept;

standby_state state_of_standby(const segment_view& view) noexcept;
bool change_standby(const segment_view& view, standby_state from, standby_state to) noexcept;
/// The table's chunks become free, and there is no standby any more.
void release_standby_locked(locked_section& at) noexcept;

}  // namespace twinmap::protocol
