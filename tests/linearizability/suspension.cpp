#include "suspension.hpp"

#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>
#include <maps/self_verifying.hpp>

#include <cerrno>
#include <csignal>
#include <system_error>

namespace linearizability {
namespace {

// What the handler knows. It runs in the one thread that changes any of it.
struct {
  timer_t timer;
  test_maps::random_source random{0};
  std::atomic<std::uint64_t>* inside = nullptr;
  volatile std::sig_atomic_t in_operation = 0;
  volatile std::sig_atomic_t dies = 0;
  volatile std::sig_atomic_t armed = 0;
} state;

constexpr std::uint64_t longest_run_ns = 24'000;
constexpr std::uint64_t usual_sleep_ns = 60'000;
constexpr std::uint64_t long_sleep_ns = 300'000;
constexpr std::uint64_t longest_sleep_ns = 4'000'000;  // tables come and go meanwhile

void nap(std::uint64_t at_most_ns) noexcept {
  const timespec pause{0, static_cast<long>(state.random.below(at_most_ns))};
  ::nanosleep(&pause, nullptr);
}

void arm() noexcept {
  itimerspec once{};
  once.it_value.tv_nsec = static_cast<long>(500 + state.random.below(longest_run_ns));
  ::timer_settime(state.timer, 0, &once, nullptr);
}

void interrupted(int) {
  const int error = errno;
  if (state.armed == 0) return;
  if (state.in_operation != 0) {
    state.inside->fetch_add(1, std::memory_order_relaxed);
    if (state.dies != 0) ::kill(::getpid(), SIGKILL);
  }
  // Not sched_yield, by which a process forfeits the rest of its slice: where others want the
  // processors too, a test that yields every few microseconds hardly gets on.
  const std::uint64_t kind = state.random.below(64);
  nap(kind == 0 ? longest_sleep_ns : kind < 8 ? long_sleep_ns : usual_sleep_ns);
  arm();
  errno = error;
}

}  // namespace

suspender::suspender(std::uint64_t seed, std::atomic<std::uint64_t>& inside) {
  state.random = test_maps::random_source(seed);
  state.inside = &inside;
  state.in_operation = 0;
  state.dies = 0;
  state.armed = 1;
  struct sigaction action {};
  action.sa_handler = interrupted;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGALRM, &action, nullptr);
  ::prctl(PR_SET_TIMERSLACK, 1UL);  // naps as short as they were meant
  if (::timer_create(CLOCK_MONOTONIC, nullptr, &state.timer) != 0)
    throw std::system_error(errno, std::system_category(), "timer_create");
  arm();
}

suspender::~suspender() {
  state.armed = 0;
  ::timer_delete(state.timer);
}

void suspender::enter() noexcept {
  state.in_operation = 1;
}
void suspender::leave() noexcept {
  state.in_operation = 0;
}
void suspender::kill_at_next() noexcept {
  state.dies = 1;
}

}  // namespace linearizability
