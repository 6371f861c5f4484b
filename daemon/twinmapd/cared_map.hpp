// One map in the daemon's care: the attachment, and when it wants to be looked at next.
#pragma once

#include <twinmapd/attachment.hpp>
#include <twinmapd/promoter.hpp>

#include <memory>
#include <system_error>

namespace twinmapd {

class cared_map {
 public:
  explicit cared_map(std::shared_ptr<attachment> attached)
      : attached_(std::move(attached)), hold_(attached_->map) {}

  twinmap::bytes_map& map() { return attached_->map; }
  const twinmap::bytes_map& map() const { return attached_->map; }
  const std::shared_ptr<attachment>& attached() const { return attached_; }
  const file_identity& file() const { return attached_->file; }
  const promoter& promotions() const { return promoter_; }

  /// Does what is due, a step of it, and never waits. False if the map was retired.
  bool pass(const promotion_config& policy, time_point now, journal& log);

  /// When the next pass is due.
  time_point next() const { return next_; }

 private:
  void held_up(const std::error_code& code, const char* why, time_point now, journal& log);

  std::shared_ptr<attachment> attached_;
  hold hold_;
  promoter promoter_;
  time_point next_ = time_point::min();
  std::chrono::milliseconds patience_{0};  ///< how long the last failed pass made this one wait
  std::error_code told_;                   ///< the failure that was logged last
};

}  // namespace twinmapd
