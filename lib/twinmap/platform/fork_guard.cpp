#include <twinmap/platform/fork_guard.hpp>

#include <pthread.h>

namespace twinmap::platform {
namespace {

pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;

void before_fork() {
  pthread_mutex_lock(&guard);
}
void after_fork() {
  pthread_mutex_unlock(&guard);
}

bool register_handlers() {
  return pthread_atfork(before_fork, after_fork, after_fork) == 0;
}

void ensure_registered() {
  static const bool registered = register_handlers();
  static_cast<void>(registered);
}

// When the library is loaded, not at the first use: a fork may be running by then.
const bool registered_early = (ensure_registered(), true);

}  // namespace

void fork_guard::lock() {
  ensure_registered();
  pthread_mutex_lock(&guard);
}

void fork_guard::unlock() {
  pthread_mutex_unlock(&guard);
}

}  // namespace twinmap::platform
