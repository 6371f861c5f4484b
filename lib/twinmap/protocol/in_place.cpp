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

void publish_hits(const writer& by) noexcept {
  if (!by.thread.counters.same_hits(by.thread.published)) publish_counters(by);
}

}  // namespace

bool handle::may_change(const thread_cache::line& line) const noexcept {
  return line.thread->lease.valid() && !retired();
}

bool handle::replace_in_place(const thread_cache::line& line, storage::entry& slot,
                              platform::pair_value seen, std::uint64_t payload) {
  thread_state& mine = *line.thread;
  if (!may_change(line)) [[unlikely]]
    return false;
  const entry_word after = entry_word{seen.first}.next_version();
  if (!platform::compare_exchange_inlined(slot.value, seen, {after.bits, payload}))
    return false;  // (E1)
  const writer by = writer_of(*this, mine);
  by.count(counter::stores);
  publish_hits(by);
  return true;
}

bool handle::remove_in_place(const thread_cache::line& line, storage::entry& slot,
                             platform::pair_value seen) {
  if (!may_change(line)) [[unlikely]]
    return false;
  writer by = writer_of(*this, *line.thread);
  size_change change(by);
  const entry_word after = entry_word{seen.first}.next(entry_state::nil);
  if (!platform::compare_exchange_inlined(slot.value, seen, {after.bits, 0})) return false;  // (E1)
  change.commit(-1);
  by.count(counter::erases);
  publish_hits(by);
  return true;
}

}  // namespace twinmap::protocol
