// Nothing here orders anything, and all accesses are relaxed: a late look at any of it costs time
// only.

#include <twinmap/platform/clock.hpp>
#include <twinmap/protocol/care.hpp>
#include <twinmap/protocol/locked.hpp>
#include <twinmap/storage/layout.hpp>

#include <limits>

namespace twinmap::protocol {

bool lives(const handle& map, std::uint64_t word) noexcept {
  const platform::lease_id id = lease_of_word(word);
  if (id.incarnation == 0 || id.incarnation >= platform::incarnation_limit ||
      id.slot >= map.view.constant.max_writers)
    return false;
  process_state& state = map.state();
  return !state.locks || !platform::is_dead(state.locks, id);
}

void ring(const segment_view& view) noexcept {
  storage::header_care& care = view.header->care;
  care.bell.fetch_add(1, std::memory_order_relaxed);
  if (care.caretaker.load(std::memory_order_relaxed) != 0)
    platform::futex_wake(care.bell, std::numeric_limits<int>::max());
}

void note_death(const segment_view& view) noexcept {
  view.header->roots.sweep_wanted.fetch_add(1, std::memory_order_relaxed);
  ring(view);
}

bool left_to_caretaker(const handle& map) noexcept {
  storage::header_care& care = map.view.header->care;
  const std::uint64_t who = care.caretaker.load(std::memory_order_relaxed);
  if (who == 0 || care.late.load(std::memory_order_relaxed) == who) return false;
  const std::uint64_t now = platform::coarse_monotonic_ns();
  std::uint64_t since = care.due_since.load(std::memory_order_relaxed);
  const std::uint64_t amended_since =
      map.view.header->counts.amended_since.load(std::memory_order_relaxed);
  if (since == 0 || since > now || since < amended_since) {
    // Whoever is first; what an earlier promotion left does not count; what stands there after is
    // at most a tick away.
    care.due_since.compare_exchange_strong(since, now, std::memory_order_relaxed);
    return true;
  }
  constexpr auto patience =
      static_cast<std::uint64_t>(std::chrono::nanoseconds(caretaker_patience).count());
  constexpr std::uint64_t enough = 8 * patience;  // however busy it says that it is
  const std::uint64_t seen = std::min(care.seen_at.load(std::memory_order_relaxed), now);
  const bool late = now - since >= enough || (now - since >= patience && now - seen >= patience);
  if (late) care.late.store(who, std::memory_order_relaxed);
  return !late;
}

void call_caretaker(writer& by) noexcept {
  storage::header_care& care = by.header().care;
  std::uint64_t who = care.caretaker.load(std::memory_order_relaxed);
  if (who == 0) return;
  if (lives(by.map, who))
    ring(by.map.view);
  else
    care.caretaker.compare_exchange_strong(who, 0, std::memory_order_relaxed);
}

void take_care(writer& by) {
  storage::header_care& care = by.header().care;
  const std::uint64_t me = lease_word(by.context.me);
  std::uint64_t who = care.caretaker.load(std::memory_order_relaxed);
  while (who != me) {
    if (who != 0 && lives(by.map, who)) {
      const auto& record = by.map.state().leases.record(lease_of_word(who).slot);
      raise(errc::already_exists, by.map.name(),
            "the map is cared for by pid " +
                std::to_string(record.process.load(std::memory_order_relaxed)) +
                " (PID namespace " +
                std::to_string(record.pid_namespace.load(std::memory_order_relaxed)) + ")");
    }
    if (care.caretaker.compare_exchange_strong(who, me, std::memory_order_relaxed)) break;
  }
  answer(by.map.view);
}

void leave_care(writer& by) noexcept {
  std::uint64_t me = lease_word(by.context.me);
  by.header().care.caretaker.compare_exchange_strong(me, 0, std::memory_order_relaxed);
}

void answer(const segment_view& view) noexcept {
  storage::header_care& care = view.header->care;
  care.seen_at.store(platform::coarse_monotonic_ns(), std::memory_order_relaxed);
  care.late.store(0, std::memory_order_relaxed);
}

}  // namespace twinmap::protocol
