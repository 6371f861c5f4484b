#include <twinmap/protocol/locked.hpp>

namespace twinmap::protocol {

platform::robust_mutex mutex_of(writer& by) noexcept {
  process_state& state = by.state();
  return {by.header().locked.mutex, state.locks, state.leases, by.context.me,
          state.request.lock_timeout};
}

locked_section::locked_section(writer& who) : by(who), mutex_(mutex_of(who)), lock_(mutex_) {
  settle_take_over();
}

void locked_section::settle_take_over() {
  if (!mutex_.taken_over()) return;
  by.count(storage::counter::take_overs);
  by.header().roots.sweep_wanted.fetch_add(1, std::memory_order_relaxed);
  fix_up_locked(*this);
}

bool locked_section::try_run(writer& by, const std::function<void(locked_section&)>& f) {
  locked_section at(by, boost::interprocess::try_to_lock);
  if (!at.lock_.try_lock()) return false;
  at.settle_take_over();
  f(at);
  return true;
}

locked_section::locked_section(writer& who, boost::interprocess::try_to_lock_type)
    : by(who), mutex_(mutex_of(who)), lock_(mutex_, boost::interprocess::defer_lock) {}

bool locked_section::try_promote(writer& by) noexcept {
  locked_section at(by, boost::interprocess::try_to_lock);
  if (!at.mutex_.try_lock(false)) return false;
  const bool due = promotion_due(at.view());
  if (due) promote_locked(at);
  at.mutex_.unlock_without_wake();
  return due;
}

}  // namespace twinmap::protocol
