// Runs a stretch of the own process one instruction at a time, under the trap flag, and stops it
// for ever or for a while after any of them.
#pragma once

#include <sys/types.h>
#include <step/control.hpp>
#include <step/image.hpp>
#include <step/mappings.hpp>
#include <support/privilege.hpp>

#include <cstdint>
#include <optional>

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
    survey,  // each place is noted
    kill,    // at place `at`, counted from 0
    visit,   // at each moment it stands still until it is resumed
    freeze,  // at place `at` until it is resumed; then it runs on at full speed
    count    // it goes on; what it took is counted
  };
  // The beginning of the stretch, which has so many places and not `at`. It ends with the last of
  // so many touches of a page, or, if there is none, of so many system calls.
  struct lead {
    std::optional<std::uint64_t> page = {};
    std::uint64_t events = 0;
    std::uint64_t places = 0;
  };
  kind what = kind::none;
  std::uint64_t at = never;
  lead past = {};  // at full speed but for these events
  // It tells moments from other places.
  bool watches() const noexcept { return what == kind::survey || what == kind::visit; }
  bool finds_places() const noexcept {
    return watches() || what == kind::kill || what == kind::freeze;
  }
};

// To be called in the process that is to be stepped. `watch` serves a fate that watches. Segments
// are on that file system; it may have had `inherited` ones before it attached to its own.
void arm(const fate& wanted, control_page& control, image_watch* watch, dev_t file_system,
         const mappings& inherited = {});
// Instructions stepped so far, and how many of them were system calls that wait.
struct effort {
  std::uint64_t steps;
  std::uint64_t waits;
};
effort effort_so_far() noexcept;

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
