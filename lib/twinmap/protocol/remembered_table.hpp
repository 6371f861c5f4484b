#pragma once

// What a thread remembers of the table that is read now, so that the fast path of reader.hpp need
// not take it apart and check it again.

#include <twinmap/protocol/handle.hpp>
#include <twinmap/storage/view.hpp>

namespace twinmap::protocol {
inline namespace layout_1 {

/// Keeps what the fast path needs of `root`, if that is a table as it should be. A pure function of
/// the root's bits and of a limit that only grows: however often the same bits come back, they mean
/// the same memory.
inline void remember_table(const segment_view& view, thread_cache::line& line,
                           storage::root_word root) noexcept {
  if (root.wide() || !view.table_ok(root)) return;
  line.root = root.bits;
  line.table = view.heap.heap + root.offset();
  line.groups = root.groups();
}

/// Makes the calling thread's line this handle's, with the table that is read now. For those who go
/// on without `load_slowly` when the fast path did not serve. Hidden as that is.
[[gnu::noinline, gnu::visibility("hidden")]] inline void refresh_line(const handle& map) {
  thread_cache::line& line = map.own_line();
  const storage::root_word read{
      map.view.roots->read.load(std::memory_order_seq_cst)};  // (R1) of reader.hpp
  if (line.root != read.bits) remember_table(map.view, line, read);
}

}  // namespace layout_1
}  // namespace twinmap::protocol
