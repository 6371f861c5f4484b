#include <support/syscalls.hpp>

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace test_support {
namespace {

// getpgid of impossible pids: harmless anywhere, made by nobody else.
constexpr long mark_call = SYS_getpgid;
constexpr long begin_mark = -0x7415;
constexpr long end_mark = -0x7416;

class tracer {
 public:
  explicit tracer(pid_t child) : child_(child) {}

  syscall_count follow() {
    int status = wait();  // the SIGSTOP the child sent itself
    check(::ptrace(PTRACE_SETOPTIONS, child_, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
    int deliver = 0;
    while (true) {
      check(::ptrace(PTRACE_SYSCALL, child_, nullptr, deliver));
      status = wait();
      if (!WIFSTOPPED(status)) break;
      deliver = WSTOPSIG(status);
      if (deliver == (SIGTRAP | 0x80)) {
        on_syscall();
        deliver = 0;
      }
    }
    if (WIFEXITED(status)) count_.ended.exit_code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) count_.ended.signal = WTERMSIG(status);
    return count_;
  }

 private:
  static void check(long result) {
    if (result < 0) throw std::system_error(errno, std::system_category(), "ptrace");
  }

  int wait() {
    int status = 0;
    while (::waitpid(child_, &status, 0) < 0) {
      if (errno != EINTR) throw std::system_error(errno, std::system_category(), "waitpid");
    }
    return status;
  }

  void on_syscall() {
    struct __ptrace_syscall_info info = {};
    check(::ptrace(PTRACE_GET_SYSCALL_INFO, child_, sizeof info, &info));
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return;
    const long number = static_cast<long>(info.entry.nr);
    const long argument =
        static_cast<int>(info.entry.args[0]);  // a pid_t: the upper half may be anything
    if (number == mark_call && argument == begin_mark) {
      counting_ = true;
    } else if (number == mark_call && argument == end_mark) {
      count_.marked = counting_;
      counting_ = false;
    } else if (counting_) {
      ++count_.total;
      ++count_.by_number[number];
    }
  }

  pid_t child_;
  bool counting_ = false;
  syscall_count count_;
};

}  // namespace

void syscall_marks::begin() const {
  ::syscall(mark_call, begin_mark);
}
void syscall_marks::end() const {
  ::syscall(mark_call, end_mark);
}

syscall_count count_syscalls(const std::function<void(const syscall_marks&)>& body) {
  child traced([&] {
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) {
      throw std::system_error(errno, std::system_category(), "ptrace(PTRACE_TRACEME)");
    }
    ::raise(SIGSTOP);
    body(syscall_marks());
  });
  return tracer(traced.release()).follow();
}

}  // namespace test_support
