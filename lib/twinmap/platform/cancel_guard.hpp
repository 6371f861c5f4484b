#pragma once

#include <pthread.h>

namespace twinmap::platform {

/// While one exists its thread is not cancelled (pthread_cancel, of the deferred kind): open,
/// fallocate and their like are cancellation points, and a thread that ended in one would leave
/// what its callers had begun, or end the process where those cannot unwind. May be nested. Per
/// thread.
class cancel_guard {
 public:
  cancel_guard() noexcept { ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
  cancel_guard(const cancel_guard&) = delete;
  cancel_guard& operator=(const cancel_guard&) = delete;
  ~cancel_guard() { ::pthread_setcancelstate(before_, nullptr); }

 private:
  int before_ = PTHREAD_CANCEL_ENABLE;
};

}  // namespace twinmap::platform
