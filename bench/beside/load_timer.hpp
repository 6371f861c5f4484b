#pragma once

// Times single loads by two clocks: the one on the wall, and the thread's CPU clock, which stands
// still while the thread is preempted or sleeps in a lock. What the library does inside a load, a
// promotion or a page fault, counts by both.
//
// The CPU clock is a system call that takes longer than a load and cools its caches, so it is not
// read around each load. The wall time of a load of less than two microseconds is its CPU time:
// nobody is switched away and back in that. After a longer one the CPU clock is read, and compared
// with how far it was when it was last read: what the wall has gained on it since, the thread did
// not run, and that is taken off the load. What is taken off too much is what the thread missed in
// pieces below two microseconds since, 4,096 loads ago at most.
//
// Between two loads the thread rests for as long as the last one took, and that is timed in the
// same way. It only spins there: a rest that takes long was made long by the machine, by a timer's
// interrupt for example, which counts as CPU time. Loads meet that as often as rests do, so the
// percentiles of the rests are the floor below which those of the loads say nothing.

#include <algorithm>
#include <cstdint>

#include "histogram.hpp"
#include "ticks.hpp"

namespace bench::beside {

/// In ticks. Plain data: a worker process fills it in shared memory.
struct load_times {
  histogram cpu;
  histogram wall;
  histogram rests;  ///< by the CPU clock
};

class load_timer {
 public:
  load_timer(const tick_scale& scale, load_times& times) noexcept
      : scale_(scale), times_(times), stall_(scale.ticks(stall_ns)) {
    look();
  }

  /// Before each load. Not for longer than the machine needs to show itself, or what one load of a
  /// slow library took would be seen as the machine's.
  void rest() noexcept {
    const std::uint64_t start = end_;
    std::uint64_t now = ticks_after();
    while (now - start < last_)
      now = ticks_after();
    times_.rests.add(ran(start, now));
  }

  /// One load, from `ticks_before` to `ticks_after`.
  void add(std::uint64_t start, std::uint64_t end) noexcept {
    const std::uint64_t whole = length(start, end);
    last_ = std::min(whole, stall_);
    times_.wall.add(without_clock(whole));
    times_.cpu.add(ran(start, end));
  }

 private:
  static constexpr double stall_ns = 2'000;
  static constexpr std::uint32_t look_every = 4'096;

  /// Another processor's counter may be some ticks behind.
  static std::uint64_t length(std::uint64_t start, std::uint64_t end) noexcept {
    return end - std::min(start, end);
  }
  std::uint64_t without_clock(std::uint64_t whole) const noexcept {
    return whole - std::min(scale_.empty, whole);
  }

  /// How long of what lies between `start` and `end` the thread ran.
  std::uint64_t ran(std::uint64_t start, std::uint64_t end) noexcept {
    const std::uint64_t pause = length(end_, start);
    const std::uint64_t whole = length(start, end);
    if (pause + whole <= stall_) {
      end_ = end;
      if (++since_look_ == look_every) look();
      return without_clock(whole);
    }
    std::uint64_t off = whole > stall_ ? missing(end) : 0;
    if (pause > stall_) off -= std::min(pause, off);
    look();
    return without_clock(whole - std::min(off, whole));
  }

  /// What the thread has not run since the CPU clock was last read.
  std::uint64_t missing(std::uint64_t end) const noexcept {
    const std::uint64_t seen = scale_.ticks(static_cast<double>(thread_cpu_ns() - cpu_));
    // The clock also counted the end of its last reading and the beginning of this one.
    const std::uint64_t run = seen - std::min(scale_.cpu_read, seen);
    return length(run, length(looked_, end));
  }

  void look() noexcept {
    cpu_ = thread_cpu_ns();
    end_ = looked_ = ticks_after();
    since_look_ = 0;
  }

  const tick_scale scale_;
  load_times& times_;
  const std::uint64_t stall_;
  std::uint64_t last_ = 0;    // what the last load took, at most `stall_`
  std::uint64_t cpu_ = 0;     // the CPU clock, in nanoseconds, when it was last read …
  std::uint64_t looked_ = 0;  // … and the ticks then
  std::uint64_t end_ = 0;     // of the last load, rest or reading
  std::uint32_t since_look_ = 0;
};

}  // namespace bench::beside
