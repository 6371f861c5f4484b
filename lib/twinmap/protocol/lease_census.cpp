#include <twinmap/protocol/lease_census.hpp>

namespace twinmap::protocol {

bool lease_census::dead(platform::lease_id id) const {
  process_state& state = map_.state();
  if (!state.locks || id.slot >= map_.view.constant.max_writers || id.incarnation == 0)
    return false;
  const auto [found, fresh] = known_.try_emplace({id.slot, id.incarnation}, false);
  // The dead stay dead; one who lived when asked before counts as living for this sweep.
  if (fresh) found->second = platform::is_dead(state.locks, id);
  return found->second;
}

bool lease_census::dead(storage::chunk_entry claimed) const {
  constexpr std::uint64_t known_bits = 0xFFFFF;
  const std::uint32_t slot = claimed.lease_slot();
  if (slot >= map_.view.constant.max_writers) return true;
  const std::uint64_t incarnation =
      map_.view.lease(slot).who.incarnation.load(std::memory_order_acquire);  // (L3)
  // The slot was taken again, which takes that the claimer's byte was free.
  if ((incarnation & known_bits) != claimed.number()) return static_cast<bool>(map_.state().locks);
  return dead(platform::lease_id{slot, incarnation});
}

std::uint64_t lease_census::release_dead() {
  std::uint64_t released = 0;
  for (std::uint32_t slot = 0; slot != map_.view.constant.max_writers; ++slot) {
    storage::lease_page& page = map_.view.lease(slot);
    const std::uint64_t incarnation = page.who.incarnation.load(std::memory_order_acquire);  // (L3)
    const std::uint64_t moment = page.transitions.load(std::memory_order_relaxed);
    if (incarnation == 0 || !dead(platform::lease_id{slot, incarnation})) continue;
    std::uint32_t held = 1;
    if (page.who.held.compare_exchange_strong(held, 0)) ++released;  // (L4)
    std::uint64_t odd = moment;
    if (odd % 2 == 1) page.transitions.compare_exchange_strong(odd, moment + 1);  // (N1)
  }
  return released;
}

std::optional<std::uint64_t> lease_census::transitions() const {
  std::uint64_t sum = 0;
  for (std::uint32_t slot = 0; slot != map_.view.constant.max_writers; ++slot) {
    const std::uint64_t moment =
        map_.view.lease(slot).transitions.load(std::memory_order_acquire);  // (N3)
    if (moment % 2 == 1) return std::nullopt;
    sum += moment;
  }
  return sum;
}

}  // namespace twinmap::protocol
