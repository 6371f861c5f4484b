// What the stepped process and the one that watches it share, apart from any map.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace step_tests {

// A moment of the stepped operation: after `step` instructions, with others seeing `image`.
struct moment {
  std::uint64_t step = 0;
  std::uint64_t image = 0;
};

enum class phase : std::uint32_t { preparing, stepping, frozen, resumed, returned };

// In a shared_page.
class control_page {
 public:
  // By the stepped process.
  void note(moment at) noexcept {
    if (count_ < moments_.size())
      moments_[count_++] = at;
    else
      overflow_ = true;
  }
  void freeze() noexcept {
    set(phase::frozen);
    wait_while(phase::frozen);
  }
  void returned(std::string_view answer, std::uint64_t steps) noexcept {
    length_ = answer.size() <= answer_.size() ? answer.size() : 0;
    std::memcpy(answer_.data(), answer.data(), length_);
    steps_ = steps;
    set(phase::returned);
  }

  // By the other one.
  void resume() noexcept { set(phase::resumed); }
  phase now() const noexcept { return static_cast<phase>(phase_.load()); }
  bool complete() const noexcept { return !overflow_; }
  std::uint64_t steps() const noexcept { return steps_; }
  std::size_t moments() const noexcept { return count_; }
  moment at(std::size_t i) const noexcept { return moments_[i]; }
  std::string_view answer() const noexcept { return {answer_.data(), length_}; }
  void wait_while(phase which) noexcept {
    const auto value = static_cast<std::uint32_t>(which);
    while (phase_.load() == value)
      ::syscall(SYS_futex, &phase_, FUTEX_WAIT, value, nullptr, nullptr, 0);
  }
  void set(phase next) noexcept {
    phase_.store(static_cast<std::uint32_t>(next));
    ::syscall(SYS_futex, &phase_, FUTEX_WAKE, 1, nullptr, nullptr, 0);
  }

 private:
  std::atomic<std::uint32_t> phase_{0};
  bool overflow_ = false;
  std::uint64_t steps_ = 0;
  std::size_t count_ = 0;
  std::size_t length_ = 0;
  std::array<moment, 1u << 16> moments_{};
  std::array<char, 1u << 16> answer_{};
};

}  // namespace step_tests
