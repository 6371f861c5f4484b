#include <twinmapd/cared_map.hpp>

#include <algorithm>
#include <new>

namespace twinmapd {
namespace {

constexpr std::chrono::milliseconds first_pause{20};
constexpr std::chrono::milliseconds longest_pause{1000};

// While the worker compacts or sweeps, the map's users are told that somebody is at it.
constexpr std::chrono::milliseconds chore_tick{50};

// The worker has too much to do.
constexpr std::chrono::milliseconds chore_pause{1000};

}  // namespace

bool cared_map::pass(const promotion_config& policy, time_point now, journal& log) {
  try {
    // Overwritten by whoever writes what is not his, or ended by somebody who found us dead.
    if (!hold_.held()) hold_ = twinmap::caretaker(attached_->map);
    bell_ = hold_.rings();
    const twinmap::care_state seen = hold_.look();
    if (seen.retired) {
      next_ = now + longest_pause;  // if its name should stay all the same
      return false;
    }
    hold_.answer();
    look_after(policy, seen, now);
    patience_ = {};
    told_.clear();
  } catch (const twinmap::error& failure) {
    held_up(failure.code(), failure.what(), now, log);
    return failure.code() != twinmap::errc::retired;
  } catch (const std::bad_alloc& failure) {
    held_up(std::make_error_code(std::errc::not_enough_memory), failure.what(), now, log);
  }
  return true;
}

void cared_map::look_after(const promotion_config& policy, const twinmap::care_state& seen,
                           time_point now) {
  if (working_) {
    // Promotions do not wait for a sweep, nor for the worker's other maps.
    next_ = std::min(now + chore_tick, promoter_.pass(hold_, seen, policy, now));
    return;
  }
  next_ = keeper_.pass(hold_, seen, now);
  wanted_ = keeper_.sweep_due() ? chore::sweep : chore::none;
  const time_point compaction = promoter_.compaction_at(seen, policy);
  if (wanted_ == chore::none && compaction <= now) {
    wanted_ = chore::compact;
    return;
  }
  next_ = std::min({next_, compaction, promoter_.pass(hold_, seen, policy, now)});
  next_ = std::min(next_, memory_.pass(attached_->map, seen, now));
}

void cared_map::chore_ended(bool useful, std::chrono::nanoseconds cost, time_point now) {
  if (wanted_ == chore::compact) promoter_.compacted(useful, cost, now);
  if (wanted_ == chore::sweep && useful) keeper_.swept();
  wanted_ = chore::none;
  working_ = false;
  next_ = useful ? now : now + longest_pause;
}

void cared_map::chore_refused(time_point now) {
  wanted_ = chore::none;
  next_ = std::min(next_, now + chore_pause);
}

/// Somebody sits on the mutex, or memory is short: that may take long, and is not our doing.
void cared_map::held_up(const std::error_code& code, const char* why, time_point now,
                        journal& log) {
  patience_ = std::clamp(patience_ * 2, first_pause, longest_pause);
  next_ = now + patience_;
  // A mutex that is held for a moment is nothing to tell.
  if (code == twinmap::errc::retired) return;
  const bool worth_telling = code != twinmap::errc::lock_timeout || patience_ == longest_pause;
  if (!worth_telling || code == told_) return;
  told_ = code;
  log.warning("{}", why);
}

}  // namespace twinmapd
