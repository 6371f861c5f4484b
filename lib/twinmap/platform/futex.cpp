#include <twinmap/platform/cancel_guard.hpp>
#include <twinmap/platform/clock.hpp>
#include <twinmap/platform/robust_mutex.hpp>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
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

void futex_wait_any(std::span<const futex_watch> watches,
                    std::chrono::nanoseconds timeout) noexcept {
  using std::chrono::nanoseconds;
  std::array<struct futex_waitv, max_futex_watches> waits{};
  const std::size_t count = std::min(watches.size(), waits.size());
  for (std::size_t i = 0; i != count; ++i) {
    waits[i].val = watches[i].expected;
    waits[i].uaddr = reinterpret_cast<std::uintptr_t>(watches[i].word);
    waits[i].flags = FUTEX_32;  // shared between processes
  }
  timeout = std::clamp<nanoseconds>(timeout, nanoseconds::zero(), std::chrono::hours(24));
  const std::uint64_t end = monotonic_ns() + static_cast<std::uint64_t>(timeout.count());
  const auto to_timespec = [](std::uint64_t ns) {
    constexpr std::uint64_t second = 1'000'000'000;
    return timespec{static_cast<time_t>(ns / second), static_cast<long>(ns % second)};
  };
  const timespec deadline = to_timespec(end);
  if (::syscall(SYS_futex_waitv, waits.data(), count, 0, &deadline, CLOCK_MONOTONIC) >= 0 ||
      errno != ENOSYS)
    return;
  const cancel_guard no_cancellation;
  const auto moved = [](const futex_watch& watch) {
    return watch.word->load(std::memory_order_relaxed) != watch.expected;
  };
  for (std::uint64_t now = monotonic_ns(); now < end; now = monotonic_ns()) {
    if (std::any_of(watches.begin(), watches.end(), moved)) return;
    constexpr std::uint64_t pause = 20'000'000;
    const timespec nap = to_timespec(std::min(pause, end - now));
    ::nanosleep(&nap, nullptr);
  }
}

}  // namespace twinmap::platform
