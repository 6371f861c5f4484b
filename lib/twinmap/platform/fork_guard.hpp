#pragma once

namespace twinmap::platform {

/// Held while a lease is being taken, and by fork() (pthread_atfork) around the fork: a child must
/// not inherit a half-made lease, whose description would outlive its owner. Lockable; recursive
/// use is a bug, and so is forking under it.
class fork_guard {
 public:
  static void lock();
  static void unlock();
};

}  // namespace twinmap::platform
