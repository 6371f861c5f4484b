#pragma once

#include <twinmap/protocol/admin.hpp>

#include <algorithm>

namespace twinmap::protocol {

/// Counts the steps of a walk for whoever waits for its end, and tells only now and then: a step
/// itself costs next to nothing. Per walk, in the process's own memory.
class step_counter {
 public:
  step_counter(const walk_progress& told, std::uint64_t total) noexcept
      : told_(told), total_(std::max<std::uint64_t>(total, 1)) {}

  void step() {
    if (++done_ % steps_between == 0 && told_) told_(std::min(done_, total_), total_);
  }

 private:
  static constexpr std::uint64_t steps_between = 1024;

  const walk_progress& told_;
  std::uint64_t total_;
  std::uint64_t done_ = 0;
};

}  // namespace twinmap::protocol
