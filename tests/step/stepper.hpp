// Runs a stretch of the own process one instruction at a time, under the trap flag, and stops it
// for ever or for a while after any of them.
#pragma once

#include <step/control.hpp>
#include <step/image.hpp>
#include <support/privilege.hpp>

#include <cstdint>

namespace step_tests {

#if defined(__x86_64__)
inline constexpr bool can_step = !test_support::sanitized;
#else
inline constexpr bool can_step = false;
#endif

inline constexpr std::uint64_t never = ~std::uint64_t{0};

// What happens to a process that is stepped.
struct fate {
  enum class kind {
    none,    // it runs at full speed
    survey,  // each moment at which others see something new is noted
    kill,    // at moment `at`, counted from 0
    freeze   // after `at` instructions, until it is resumed; then it runs on at full speed
  };
  kind what = kind::none;
  std::uint64_t at = never;
  bool watches() const noexcept { return what == kind::survey || what == kind::kill; }
};

// To be called once, in the process that is to be stepped. `watch` serves a fate
// that watches.
void arm(const fate& wanted, control_page& control, image_watch* watch);
// Instructions stepped so far.
std::uint64_t steps_taken() noexcept;

// The stretch is what happens during this object's life, if it is to be stepped.
class stretch {
 public:
  explicit stretch(bool stepped) noexcept : stepped_(stepped) {
    if (stepped_) mark();
  }
  stretch(const stretch&) = delete;
  stretch& operator=(const stretch&) = delete;
  ~stretch() {
    if (stepped_) mark();
  }

 private:
  static void mark() noexcept {
#if defined(__x86_64__)
    asm volatile("int3" ::: "memory");
#endif
  }
  bool stepped_;
};

}  // namespace step_tests
