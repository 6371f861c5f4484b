// Changes of inline values that a caller of the public layer has found by itself: see
// twinmap/in_place.hpp. Here is what only a writer may do; the same CAS as in mutate.cpp, without
// what that has to decide before.

#include <twinmap/platform/swap_pair.hpp>
#include <twinmap/protocol/mutation.hpp>

namespace twinmap::protocol {

using storage::counter;
using storage::entry_state;
using storage::entry_word;

namespace {

bool may_write(const handle& map, const thread_state& mine) noexcept {
  return mine.lease.valid() && !map.retired();
}

/// The thread's lookup counters go into the segment with each write (stats.hpp).
void publish_lookups(handle& map, thread_state& mine) noexcept {
  if (!mine.counters.same_lookups(mine.published)) [[unlikely]]
    publish_counters(writer_of(map, mine));
}

}  // namespace

bool handle::replace_in_place(const thread_cache::line& line, storage::entry& slot,
                              platform::pair_value seen, std::uint64_t payload) {
  thread_state& mine = *line.thread;
  if (!may_write(*this, mine)) [[unlikely]]
    return false;
  const entry_word after = entry_word{seen.first}.next_version();
  if (!platform::compare_exchange_inlined(slot.value, seen, {after.bits, payload}))
    return false;  // (E1)
  platform::count_up(
      view.lease(mine.lease.id().slot).counts[static_cast<std::size_t>(counter::stores)]);
  publish_lookups(*this, mine);
  return true;
}

bool handle::revive_in_place(const thread_cache::line& line, storage::entry& slot,
                             platform::pair_value seen, std::uint64_t payload, unsigned length) {
  thread_state& mine = *line.thread;
  if (!may_write(*this, mine)) [[unlikely]]
    return false;
  writer by = writer_of(*this, mine);
  size_change change(by);
  const entry_word after = entry_word{seen.first}.next(entry_state::live_inline, length);
  if (!platform::compare_exchange_inlined(slot.value, seen, {after.bits, payload}))  // (E1)
    return false;
  change.commit(+1);
  by.count(counter::stores);
  by.count(counter::revived);
  publish_lookups(*this, mine);
  return true;
}

bool handle::remove_in_place(const thread_cache::line& line, storage::entry& slot,
                             platform::pair_value seen) {
  thread_state& mine = *line.thread;
  if (!may_write(*this, mine)) [[unlikely]]
    return false;
  writer by = writer_of(*this, mine);
  size_change change(by);
  const entry_word after = entry_word{seen.first}.next(entry_state::nil);
  if (!platform::compare_exchange_inlined(slot.value, seen, {after.bits, 0})) return false;  // (E1)
  change.commit(-1);
  by.count(counter::erases);
  publish_lookups(*this, mine);
  return true;
}

}  // namespace twinmap::protocol
