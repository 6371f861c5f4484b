// What the stepped process and the one that watches it share, apart from any map.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace step_tests {

// A place in the stepped call: after `step` instructions, the last of which touched the segment or
// asked the kernel for something. If it is a moment, others see something new: `image`, and in it
// whether the map's mutex is held.
struct place {
  std::uint64_t step;
  std::uint64_t image;
  bool moment;
  bool locked;
  bool after_call;             // it is one for a system call's sake
  std::uintptr_t instruction;  // the next
  // Touched, as it is in the file; if it is one of a mapping that is there from the beginning.
  std::optional<std::uint64_t> page;
  bool many_pages;  // were touched, by one instruction
};

enum class phase : std::uint32_t { preparing, stepping, frozen, resumed, returned };

// In a shared_page, whose memory is zero: most of it is never used.
class control_page {
 public:
  control_page() noexcept {}

  // By the stepped process.
  void note(place at) noexcept {
    if (count_ < places_.size())
      places_[count_++] = at;
    else
      complete_ = false;
  }
  // A change was seen, and not who made it.
  void missed_a_touch() noexcept { complete_ = false; }
  void freeze() noexcept {
    set(phase::frozen);
    while (now() == phase::frozen)
      wait_while(phase::frozen);
  }
  void returned(std::string_view answer, std::uint64_t steps) noexcept {
    length_ = answer.size() <= answer_.size() ? answer.size() : 0;
    std::memcpy(answer_.data(), answer.data(), length_);
    steps_ = steps;
    set(phase::returned);
  }

  // Before it is killed, or stands still.
  void stops_at(std::uintptr_t instruction) noexcept { stopped_at_ = instruction; }

  // By the other one.
  void resume() noexcept { set(phase::resumed); }
  phase now() const noexcept { return static_cast<phase>(phase_.load()); }
  bool complete() const noexcept { return complete_; }
  std::uint64_t steps() const noexcept { return steps_; }
  std::uintptr_t stopped_at() const noexcept { return stopped_at_; }
  std::size_t places() const noexcept { return count_; }
  place at(std::size_t i) const noexcept { return places_[i]; }
  std::string_view answer() const noexcept { return {answer_.data(), length_}; }
  // It stands still, or the call has returned.
  bool stopped() const noexcept {
    const phase seen = now();
    return seen == phase::frozen || seen == phase::returned;
  }
  // Or for a second.
  void wait_while(phase which) noexcept {
    const timespec a_while{.tv_sec = 1, .tv_nsec = 0};
    ::syscall(SYS_futex, &phase_, FUTEX_WAIT, static_cast<std::uint32_t>(which), &a_while, nullptr,
              0);
  }
  void set(phase next) noexcept {
    phase_.store(static_cast<std::uint32_t>(next));
    ::syscall(SYS_futex, &phase_, FUTEX_WAKE, 1, nullptr, nullptr, 0);
  }

 private:
  std::atomic<std::uint32_t> phase_{0};
  bool complete_ = true;
  std::uint64_t steps_ = 0;
  std::uintptr_t stopped_at_ = 0;
  std::size_t count_ = 0;
  std::size_t length_ = 0;
  std::array<place, 1u << 18> places_;
  std::array<char, 1u << 16> answer_;
};

}  // namespace step_tests
