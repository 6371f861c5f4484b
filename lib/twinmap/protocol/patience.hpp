#pragma once

// R6: how often somebody looks again who found nothing that holds together.

#include <twinmap/platform/atomic.hpp>

#include <cstdint>

namespace twinmap::protocol {
inline namespace layout_1 {

/// How often an operation starts again before it calls the segment corrupted.
inline constexpr std::uint32_t max_retries = 1u << 20;

/// And how often because what it found leads nowhere and stood still meanwhile. No writer, stopped
/// or not, leaves that; garbage is the same at each look, and each may take long.
inline constexpr std::uint32_t max_damaged = 64;

/// The attempts of one operation. Per call.
class patience {
 public:
  /// After an attempt that came to nothing. False: that was the last.
  [[nodiscard]] bool once_more(bool damaged) noexcept {
    if (damaged && ++damaged_ == max_damaged) return false;
    if (++attempts_ % 64 == 0) platform::spin_pause();
    return attempts_ != max_retries;
  }

 private:
  std::uint32_t attempts_ = 0;
  std::uint32_t damaged_ = 0;
};

}  // namespace layout_1
}  // namespace twinmap::protocol
