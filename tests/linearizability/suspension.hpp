// Two processors run two processes at a time, and an operation takes a fraction of a microsecond:
// left alone, operations would hardly meet. So each process is interrupted at random instructions,
// every few microseconds, by a timer whose handler sleeps: some microseconds, now and then longer.
// An operation that is interrupted stays in flight while others run, as it would on a machine with
// a processor for each. It may also be killed there.
#pragma once

#include <atomic>
#include <cstdint>

namespace linearizability {

// One at a time in a process, which has one thread. From its making to its destruction the process
// is interrupted; the counter, in shared memory, counts how often inside an operation.
class suspender {
 public:
  suspender(std::uint64_t seed, std::atomic<std::uint64_t>& inside);
  suspender(const suspender&) = delete;
  suspender& operator=(const suspender&) = delete;
  ~suspender();

  // Around each operation.
  static void enter() noexcept;
  static void leave() noexcept;

  // The next interruption inside an operation ends the process by SIGKILL.
  static void kill_at_next() noexcept;
};

}  // namespace linearizability
