#include <twinmapd/cared_map.hpp>

#include <algorithm>

namespace twinmapd {
namespace {

// Until the library rings, every map is looked at this often.
constexpr std::chrono::milliseconds poll{25};

constexpr std::chrono::milliseconds first_pause{20};
constexpr std::chrono::milliseconds longest_pause{1000};

}  // namespace

bool cared_map::pass(const promotion_config& policy, time_point now, journal& log) {
  try {
    const outlook seen = hold_.look(now);
    if (seen.retired) {
      next_ = now + longest_pause;  // if its name should stay all the same
      return false;
    }
    next_ = std::min(promoter_.pass(hold_, seen, policy, now), now + poll);
    patience_ = {};
    told_.clear();
  } catch (const twinmap::error& failure) {
    held_up(failure.code(), failure.what(), now, log);
    return failure.code() != twinmap::errc::retired;
  }
  return true;
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
