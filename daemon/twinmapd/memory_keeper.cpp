#include <twinmapd/memory_keeper.hpp>

#include <algorithm>

namespace twinmapd {
namespace {

constexpr std::chrono::milliseconds round_time{250};

// Entry slots that one step of gathering looks at, and the pause after it, which leaves the loop to
// others: under a millisecond each, but for large values.
constexpr std::size_t slots_a_step = 1024;
constexpr std::chrono::milliseconds step_pause{1};

// What is free must have been so for up to 10 s before it may be given back.
constexpr std::chrono::seconds stillness{15};

// Making this much resident takes about 5 ms.
constexpr std::uint64_t most_ahead = 16ull << 20;

}  // namespace

/// Writers go on as they did in the last round.
void memory_keeper::measure(const twinmap::any_map& map, time_point now) {
  const std::uint64_t used = map.stats(false).bytes_used;
  const std::uint64_t before = used_.value_or(used);
  used_ = used;
  ahead_ = std::min(most_ahead, 2 * (used - std::min(used, before)));
  next_round_ = now + round_time;
}

time_point memory_keeper::pass(twinmap::any_map& map, const twinmap::care_state& seen,
                               time_point now) {
  if (seen.activity != activity_) {
    activity_ = seen.activity;
    active_until_ = now + stillness;
  }
  if (!heap_) {
    if (now >= active_until_) return time_point::max();
    heap_.emplace(map);
    next_round_ = now;
  }
  if (now >= next_round_) {
    measure(map, now);
    if (ahead_ != 0) twinmap::commit_ahead(map, ahead_);
    const std::uint64_t given = heap_->give_back(twinmap::give_back_age(map), ahead_);
    given_back_ += given;
    if (given != 0) next_round_ = now + step_pause;
    gathering_ = true;
    if (given == 0 && now >= active_until_) {
      heap_.reset();
      used_.reset();
      return time_point::max();
    }
  }
  if (gathering_) gathering_ = heap_->gather_some(slots_a_step);
  return gathering_ ? now + step_pause : next_round_;
}

}  // namespace twinmapd
