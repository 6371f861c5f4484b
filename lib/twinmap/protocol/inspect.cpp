// Who writes, and what a caretaker wants to know: reads only, but for `tend`.

#include <twinmap/platform/clock.hpp>
#include <twinmap/platform/process_info.hpp>
#include <twinmap/protocol/care.hpp>
#include <twinmap/protocol/locked.hpp>
#include <twinmap/storage/table_words.hpp>

#include <algorithm>

namespace twinmap::protocol {

namespace {

using platform::lease_id;

/// Asks the kernel about leases, also for a handle that has no lock file open because it only
/// reads: whoever may open that may ask.
class lease_oracle {
 public:
  explicit lease_oracle(const handle& map) : state_(map.state()) {
    if (!state_.locks)
      own_ = platform::lock_file::open_to_look(state_.where, map.view.constant.uuid);
  }
  [[nodiscard]] platform::byte_state ask(lease_id id) {
    platform::lock_file& locks = state_.locks ? state_.locks : own_;
    return locks ? locks.probe(platform::liveness_byte(id)) : platform::byte_state::unknown;
  }

 private:
  process_state& state_;
  platform::lock_file own_;
};

writer_state state_of(const platform::lease_record& who, lease_id id, lease_oracle& oracle,
                      std::string& command) {
  const platform::byte_state byte = oracle.ask(id);
  if (byte == platform::byte_state::free) return writer_state::dead;
  const std::uint64_t here = platform::pid_namespace();
  if (here == 0 || who.pid_namespace.load(std::memory_order_relaxed) != here)
    return writer_state::unknown;
  const platform::process_info found = platform::look_at_thread(
      who.process.load(std::memory_order_relaxed), who.thread.load(std::memory_order_relaxed));
  // Without the kernel's word the number may be another process's by now.
  if (!found.seen) return writer_state::unknown;
  command = found.command;
  if (found.stopped) return writer_state::stopped;
  return byte == platform::byte_state::held ? writer_state::running : writer_state::unknown;
}

}  // namespace

std::vector<writer_info> writers(const handle& map) {
  const segment_view& view = map.view;
  lease_oracle oracle(map);
  const std::uint32_t word = view.header->locked.mutex.load(std::memory_order_relaxed);
  const std::uint64_t held_since = view.header->care.held_since.load(std::memory_order_relaxed);
  const std::uint64_t now = platform::coarse_monotonic_ns();
  const lease_id caretaker =
      lease_of_word(view.header->care.caretaker.load(std::memory_order_relaxed));
  std::vector<writer_info> result;
  for (std::uint32_t slot = 0; slot != view.constant.max_writers; ++slot) {
    const platform::lease_record& who = view.lease(slot).who;
    if (who.held.load(std::memory_order_relaxed) == 0) continue;
    const lease_id id{slot, who.incarnation.load(std::memory_order_acquire)};  // (L3)
    if (id.incarnation == 0 || id.incarnation >= platform::incarnation_limit) continue;
    writer_info info;
    info.lease = slot;
    info.process = who.process.load(std::memory_order_relaxed);
    info.thread = who.thread.load(std::memory_order_relaxed);
    info.pid_namespace = who.pid_namespace.load(std::memory_order_relaxed);
    info.user = who.user.load(std::memory_order_relaxed);
    info.since = who.since.load(std::memory_order_relaxed);
    info.state = state_of(who, id, oracle, info.command);
    info.holds_mutex =
        (word & ~platform::mutex_layout::waiter_bit) == platform::mutex_layout::owner_word(id);
    if (info.holds_mutex) info.holds_mutex_ns = now - std::min(now, held_since);
    info.caretaker = caretaker == id && info.state != writer_state::dead;
    result.push_back(std::move(info));
  }
  return result;
}

care_state look(const handle& map) {
  const segment_view& view = map.view;
  const storage::segment_header& header = *view.header;
  const storage::root_word read{header.roots.read.load(std::memory_order_acquire)};    // (W1)
  const storage::root_word dirty{header.roots.dirty.load(std::memory_order_acquire)};  // (W1)
  care_state found;
  found.retired = map.retired();
  found.amended = read.amended();
  if (found.amended) {
    const std::uint64_t since = header.counts.amended_since.load(std::memory_order_relaxed);
    const std::uint64_t now = platform::monotonic_ns();
    found.amended_ns = std::max<std::uint64_t>(1, now - std::min(now, since));
  }
  found.promotion_due = promotion_due(view);
  const std::uint64_t read_words = header.counts.read_words.load(std::memory_order_relaxed);
  found.words = read_words;
  std::uint64_t filled = header.counts.read_filled.load(std::memory_order_relaxed);
  if (dirty) {
    found.words = std::max(read_words, header.counts.dirty_words.load(std::memory_order_relaxed));
    filled = header.counts.dirty_filled.load(std::memory_order_relaxed);
  }
  const std::uint64_t limit = storage::fill_limit(dirty ? dirty : read);
  found.room = limit - std::min(limit, filled);
  found.live = count_size(view);
  const std::uint32_t caretaker =
      lease_of_word(header.care.caretaker.load(std::memory_order_relaxed)).slot;
  found.absent = found.words - std::min(found.words, found.live);
  for (std::uint32_t slot = 0; slot != view.constant.max_writers; ++slot) {
    const storage::lease_page& page = view.lease(slot);
    if (slot != caretaker && page.who.held.load(std::memory_order_relaxed) != 0) ++found.writers;
    found.activity += page.transitions.load(std::memory_order_relaxed);
  }
  found.deaths = header.roots.sweep_wanted.load(std::memory_order_relaxed);
  return found;
}

std::uint64_t tend(handle& map) {
  writer by = begin_care(map);
  std::uint64_t dead = 0;
  for (std::uint32_t slot = 0; slot != map.view.constant.max_writers; ++slot) {
    const platform::lease_record& who = map.view.lease(slot).who;
    if (who.held.load(std::memory_order_relaxed) == 0) continue;
    const lease_id id{slot, who.incarnation.load(std::memory_order_acquire)};  // (L3)
    const bool possible = id.incarnation != 0 && id.incarnation < platform::incarnation_limit;
    if (possible && platform::is_dead(map.state().locks, id)) ++dead;
  }
  // Taking the mutex settles what its dead holder left; a living one is left alone.
  if (platform::robust_mutex::is_held(by.header().locked.mutex))
    locked_section::try_run(by, [](locked_section&) {});
  return dead;
}

}  // namespace twinmap::protocol
