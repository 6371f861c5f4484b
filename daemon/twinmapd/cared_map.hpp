// One map in the daemon's care: the attachment, the hold on it, and when it wants to be looked at
// next.
#pragma once

#include <twinmapd/attachment.hpp>
#include <twinmapd/keeper.hpp>
#include <twinmapd/memory_keeper.hpp>
#include <twinmapd/promoter.hpp>

#include <memory>
#include <optional>
#include <system_error>

namespace twinmapd {

/// What takes long, and is therefore done by the worker while the loop goes on.
enum class chore { none, sweep, compact };

class cared_map {
 public:
  /// Takes the hold. Throws twinmap::error: already_exists if a living caretaker has it.
  explicit cared_map(std::shared_ptr<attachment> attached)
      : attached_(std::move(attached)), hold_(attached_->map) {}

  twinmap::bytes_map& map() { return attached_->map; }
  const twinmap::bytes_map& map() const { return attached_->map; }
  const std::shared_ptr<attachment>& attached() const { return attached_; }
  const file_identity& file() const { return attached_->file; }
  const promoter& promotions() const { return promoter_; }
  const memory_keeper& memory() const { return memory_; }

  /// Does what is due, a step of it, and waits for nobody longer than the handle's patience.
  /// False if the map was retired.
  bool pass(const promotion_config& policy, time_point now, journal& log);

  /// When the next pass is due.
  time_point next() const { return next_; }
  void rung() { next_ = time_point::min(); }

  /// What is to be done by the worker: none while it is at it.
  chore wanted() const { return working_ ? chore::none : wanted_; }
  void chore_begun() { working_ = true; }
  void chore_refused(time_point now);  ///< the worker has no room for it
  void chore_ended(bool useful, std::chrono::nanoseconds cost, time_point now);

  /// The bell, as it was before the last look.
  twinmap::bell bell() const { return bell_; }

 private:
  void look_after(const promotion_config& policy, const twinmap::care_state& seen, time_point now);
  void held_up(const std::error_code& code, const char* why, time_point now, journal& log);

  std::shared_ptr<attachment> attached_;
  twinmap::caretaker hold_;
  twinmap::bell bell_;
  promoter promoter_;
  keeper keeper_;
  memory_keeper memory_;
  chore wanted_ = chore::none;
  bool working_ = false;  ///< the worker is at it
  time_point next_ = time_point::min();
  std::chrono::milliseconds patience_{0};  ///< how long the last failed pass made this one wait
  std::error_code told_;                   ///< the failure that was logged last
};

}  // namespace twinmapd
