#include <twinmap/platform/clock.hpp>
#include <twinmap/protocol/care.hpp>
#include <twinmap/protocol/locked.hpp>

namespace twinmap::protocol {

platform::robust_mutex mutex_of(writer& by) noexcept {
  process_state& state = by.state();
  return {by.header().locked.mutex, state.locks, state.leases, by.context.me,
          state.request.lock_timeout};
}

locked_section::locked_section(writer& who)
    : locked_section(who, boost::interprocess::try_to_lock) {
  if (!mutex_.try_lock(false)) {
    by.count(storage::counter::lock_waits);
    mutex_.lock();
  }
  lock_ = scoped_lock(mutex_, boost::interprocess::accept_ownership);
  note_taken();
  settle_take_over();
}

void locked_section::note_taken() noexcept {
  by.header().care.held_since.store(platform::coarse_monotonic_ns(), std::memory_order_relaxed);
}

void locked_section::settle_take_over() {
  if (!mutex_.taken_over()) return;
  by.count(storage::counter::take_overs);
  note_death(by.map.view);
  fix_up_locked(*this);
}

bool locked_section::try_run(writer& by, const std::function<void(locked_section&)>& f) {
  locked_section at(by, boost::interprocess::try_to_lock);
  if (!at.lock_.try_lock()) return false;
  at.note_taken();
  at.settle_take_over();
  f(at);
  return true;
}

locked_section::locked_section(writer& who, boost::interprocess::try_to_lock_type)
    : by(who), mutex_(mutex_of(who)), lock_(mutex_, boost::interprocess::defer_lock) {}

bool locked_section::try_promote(writer& by) noexcept {
  locked_section at(by, boost::interprocess::try_to_lock);
  if (!at.mutex_.try_lock(false)) return false;
  at.note_taken();
  const bool due = promotion_due(at.view());
  constexpr std::uint64_t few_marks = 64;  // it is a lookup that does it
  if (due) promote_locked(at, few_marks);
  at.mutex_.unlock_without_wake();
  return due;
}

}  // namespace twinmap::protocol
