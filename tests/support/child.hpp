// Real child processes: forked, watched, signalled and always reaped.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <iosfwd>
#include <type_traits>
#include <utility>

namespace test_support {

// How a child ended. Comparing with 0 is the usual check: EXPECT_EQ(c.wait(), 0).
struct outcome {
  int exit_code = -1;      // what the body returned, or -1 if a signal ended it
  int signal = 0;          // the signal that ended it, or 0
  bool timed_out = false;  // it did not end in time and was killed by wait()

  friend bool operator==(const outcome& ended, int code) {
    return ended.exit_code == code && !ended.timed_out;
  }
  friend std::ostream& operator<<(std::ostream& out, const outcome& ended);
};

inline constexpr int exit_on_exception = 125;  // the body threw; what() went to stderr
inline constexpr int exit_on_failure = 124;    // an EXPECT or ASSERT of the body failed

struct child_options {
  bool outlives_parent = false;    // else the child is killed when the thread that made it ends
  bool new_pid_namespace = false;  // the child is pid 1 of a namespace of its own
};

// A forked process that runs `body` and leaves by _exit with what it returned (0 if it returns
// nothing), without running the parent's destructors. Killed and reaped by the destructor if it is
// still there.
class child {
 public:
  template <class Body, class = std::enable_if_t<std::is_invocable_v<Body&>>>
  explicit child(Body body, child_options options = {}) : pid_(start(as_function(body), options)) {}
  child(child&& other) noexcept
      : pid_(std::exchange(other.pid_, 0)), ended_(other.ended_), reaped_(other.reaped_) {}
  child& operator=(child&& other) noexcept;
  ~child();

  // Waits for the end; after `limit` the child is killed and the outcome says so.
  outcome wait(std::chrono::milliseconds limit = std::chrono::minutes(2));
  bool running();

  void kill(int signal);  // delivers any signal; SIGKILL by name: c.kill(SIGKILL)
  void stop();            // SIGSTOP, and returns once the kernel has stopped it
  void cont();            // SIGCONT

  pid_t pid() const { return pid_; }  // as this process sees it

  // The caller takes over the duty to reap; this object lets go.
  pid_t release() { return std::exchange(pid_, 0); }

 private:
  template <class Body>
  static std::function<int()> as_function(Body& body) {
    if constexpr (std::is_void_v<std::invoke_result_t<Body&>>) {
      return [&body] {
        body();
        return 0;
      };
    } else {
      return [&body] { return static_cast<int>(body()); };
    }
  }
  static pid_t start(const std::function<int()>& body, child_options options);
  bool reap(int flags);

  pid_t pid_;
  outcome ended_;
  bool reaped_ = false;
};

}  // namespace test_support
