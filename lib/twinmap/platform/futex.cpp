#include <twinmap/platform/robust_mutex.hpp>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <ctime>

namespace twinmap::platform {
namespace {

// Not the private kind: the word is shared between processes.
void futex(const std::atomic<std::uint32_t>& word, int operation, std::uint32_t value,
           const struct timespec* timeout) noexcept {
  ::syscall(SYS_futex, &word, operation, value, timeout, nullptr, 0);
}

}  // namespace

void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                std::chrono::nanoseconds slice) noexcept {
  if (slice <= std::chrono::nanoseconds::zero()) return;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(slice);
  const struct timespec timeout = {seconds.count(), (slice - seconds).count()};
  futex(word, FUTEX_WAIT, expected, &timeout);
}

void futex_wake(const std::atomic<std::uint32_t>& word, int count) noexcept {
  futex(word, FUTEX_WAKE, static_cast<std::uint32_t>(count), nullptr);
}

}  // namespace twinmap::platform
