#include <twinmapd/promoter.hpp>

#include <algorithm>
#include <ctime>
#include <utility>

namespace twinmapd {
namespace {

using twinmap::care_state;

// While a map is amended it is looked at this often, for its misses. Its users leave a promotion
// that is due to us for 150 ms.
constexpr std::chrono::milliseconds tick{10};

// At most 5 % of the time may go into copies for the sake of age. Half of that is taken, as each
// promotion also makes the next insert wake us: after a copy that took t, 39 t without.
constexpr int rest_per_cost = 39;

// However busy we are, they leave it to us for 1.2 s at most; without a standby it is done at once.
constexpr std::chrono::milliseconds longest_preparation{800};

// Groups of 64 bytes that one step copies: a fraction of a millisecond.
constexpr std::size_t groups_a_step = 8192;

// Below this a dirty that has become too small is moved by an insert faster than by us.
constexpr std::uint64_t words_worth_room = 1 << 14;

// After a compaction that could leave nothing out, or where there is no memory.
constexpr std::chrono::seconds pause_after_nothing{10};

// Dirty has room again, as far as we know.
constexpr std::chrono::milliseconds pause_after_widening{50};

/// A quarter of what dirty takes is left: the standby that is prepared then is larger, so that no
/// insert has to move dirty to a larger table.
bool gets_narrow(const care_state& seen) {
  return seen.words >= words_worth_room && seen.room < seen.words / 3;
}

}  // namespace

std::chrono::nanoseconds thread_time() noexcept {
  timespec spent{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
}

bool promoter::due(const care_state& seen, const promotion_config& policy, time_point now) const {
  if (seen.promotion_due) return true;
  return std::chrono::nanoseconds(seen.amended_ns) >= policy.max_age && now >= not_before_;
}

time_point promoter::pass(twinmap::caretaker& hold, const care_state& seen,
                          const promotion_config& policy, time_point now) {
  if (!seen.amended) {
    // Somebody else has promoted: what was copied for it goes back.
    if (preparing_) preparing_ = hold.prepare_standby_some(1);
    if (preparing_) return now;
    cost_ = {};
    return time_point::max();
  }
  const bool promotion = due(seen, policy, now);
  // An insert would copy as much, and wait for it.
  const bool widening = gets_narrow(seen) && now >= not_widened_before_;
  if (!preparing_ && !promotion && !widening) {
    const time_point amended_at = now - std::chrono::nanoseconds(seen.amended_ns);
    return std::clamp(std::max(amended_at + policy.max_age, not_before_), now, now + tick);
  }
  due_since_ = seen.promotion_due ? std::min(due_since_, now) : time_point::max();
  const bool too_late = seen.promotion_due && now - due_since_ > longest_preparation;
  const std::chrono::nanoseconds start = thread_time();
  preparing_ = !too_late && hold.prepare_standby_some(groups_a_step);
  // Without a larger standby the next insert would build a dirty as narrow as this one.
  const bool in_vain = !preparing_ && !promotion && !hold.standby_ready();
  const bool promoted = !preparing_ && !in_vain && hold.promote();
  cost_ += thread_time() - start;
  if (preparing_) return now;
  if (promoted) ++promotions_;
  if (too_late) hold.prepare_standby_some(1);  // gives back what was copied
  due_since_ = time_point::max();
  const time_point end = steady_clock::now();
  spent(std::exchange(cost_, {}), end);
  not_widened_before_ = end + (in_vain ? pause_after_nothing : pause_after_widening);
  return end + tick;
}

time_point promoter::compaction_at(const care_state& seen, const promotion_config& policy) const {
  const double deleted = static_cast<double>(seen.absent);
  const bool wanted = deleted > policy.compact_deleted * (deleted + static_cast<double>(seen.live));
  return wanted ? std::max(not_before_, not_compacted_before_) : time_point::max();
}

void promoter::compacted(bool useful, std::chrono::nanoseconds cost, time_point end) {
  spent(cost, end);
  if (!useful) not_compacted_before_ = end + pause_after_nothing;
}

void promoter::spent(std::chrono::nanoseconds cost, time_point end) {
  last_cost_ = cost;
  not_before_ = end + cost * rest_per_cost;
}

}  // namespace twinmapd
