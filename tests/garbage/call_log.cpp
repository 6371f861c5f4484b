#include "call_log.hpp"

#include <time.h>
#include <support/privilege.hpp>

#include <algorithm>

namespace garbage_tests {

std::uint64_t processor_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t call_log::limit_ns() noexcept {
  constexpr std::uint64_t promised = 100'000'000;
  if (test_support::sanitized) return 20 * promised;
#if defined(__OPTIMIZE__)
  return promised;
#else
  return 10 * promised;
#endif
}

void call_log::begin(std::string_view call) {
  copy_text(record_.call, call);
  record_.calls.fetch_add(1, std::memory_order_release);
}

void call_log::end(std::uint64_t taken) {
  if (!changing_ && taken > record_.longest_ns) {
    record_.longest_ns = taken;
    record_.longest_image = record_.image.load();
    record_.longest_call = record_.call;
  }
  const std::uint64_t limit = changing_ ? 20 * limit_ns() : limit_ns();
  if (taken > limit) find("took " + std::to_string(taken / 1'000'000) + " ms of processor time");
}

void call_log::find(const std::string& what) {
  if (record_.found == record_.findings.size()) return;
  finding& next = record_.findings[record_.found];
  next.image = record_.image.load();
  next.call = record_.call;
  copy_text(next.what, what);
  ++record_.found;
}

}  // namespace garbage_tests
