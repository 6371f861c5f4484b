#include <support/child.hpp>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <ostream>
#include <system_error>
#include <thread>

namespace test_support {
namespace {

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error(errno, std::system_category(), what);
}

// Of this test, so far. A child begins with those of its parent.
int failures() {
  const testing::TestInfo* const now = testing::UnitTest::GetInstance()->current_test_info();
  int found = 0;
  for (int i = 0; now != nullptr && i != now->result()->total_part_count(); ++i)
    found += now->result()->GetTestPartResult(i).failed() ? 1 : 0;
  return found;
}

int run_guarded(const std::function<int()>& body) {
  const int failed_before = failures();
  try {
    const int code = body();
    const bool failed_here = failures() != failed_before;
    return code == 0 && failed_here ? exit_on_failure : code;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "child %d: exception: %s\n", static_cast<int>(::getpid()), error.what());
  } catch (...) {
    std::fprintf(stderr, "child %d: exception of unknown type\n", static_cast<int>(::getpid()));
  }
  return exit_on_exception;
}

// fork() whose child is pid 1 of a new PID namespace. The calling thread itself stays where it is:
// only its future children are moved, and it takes that back at once.
pid_t fork_into_pid_namespace() {
  const int own = ::open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
  if (own < 0) throw_errno("open /proc/self/ns/pid");
  if (::unshare(CLONE_NEWPID) != 0) {
    const int error = errno;
    ::close(own);
    errno = error;
    throw_errno("unshare(CLONE_NEWPID)");
  }
  const pid_t pid = ::fork();
  if (pid != 0 && ::setns(own, CLONE_NEWPID) != 0) {
    std::perror("setns back to the own PID namespace");
    ::_exit(exit_on_exception);  // everything this process forks from now on would fail
  }
  ::close(own);
  return pid;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const outcome& ended) {
  if (ended.timed_out) return out << "timed out and was killed";
  if (ended.signal != 0) {
    return out << "ended by signal " << ended.signal << " (" << ::strsignal(ended.signal) << ")";
  }
  out << "exit code " << ended.exit_code;
  if (ended.exit_code == exit_on_exception) out << " (exception in the child)";
  if (ended.exit_code == exit_on_failure) out << " (failed expectation in the child)";
  return out;
}

pid_t child::start(const std::function<int()>& body, child_options options) {
  std::fflush(nullptr);  // else the child prints what the parent had buffered a second time
  const pid_t parent = ::getpid();
  const pid_t pid = options.new_pid_namespace ? fork_into_pid_namespace() : ::fork();
  if (pid < 0) throw_errno("fork");
  if (pid > 0) return pid;
  if (!options.outlives_parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have died before the line above. Across PID namespaces getppid() is always 0.
    if (!options.new_pid_namespace && ::getppid() != parent) ::_exit(exit_on_exception);
  }
  const int code = run_guarded(body);
  std::fflush(nullptr);
  ::_exit(code);
}

child& child::operator=(child&& other) noexcept {
  if (this != &other) {
    std::swap(pid_, other.pid_);
    std::swap(ended_, other.ended_);
    std::swap(reaped_, other.reaped_);
  }
  return *this;
}

child::~child() {
  if (pid_ == 0 || reaped_) return;
  ::kill(pid_, SIGKILL);
  reap(0);
}

bool child::reap(int flags) {
  if (reaped_) return true;
  int status = 0;
  pid_t got;
  do {
    got = ::waitpid(pid_, &status, flags);
  } while (got < 0 && errno == EINTR);
  if (got == 0) return false;
  if (got < 0) throw_errno("waitpid");
  reaped_ = true;
  if (WIFEXITED(status)) ended_.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) ended_.signal = WTERMSIG(status);
  return true;
}

outcome child::wait(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  auto pause = std::chrono::microseconds(50);
  while (!reap(WNOHANG)) {
    if (std::chrono::steady_clock::now() > deadline) {
      ::kill(pid_, SIGKILL);
      reap(0);
      ended_.timed_out = true;
      break;
    }
    std::this_thread::sleep_for(pause);
    if (pause < std::chrono::milliseconds(2)) pause *= 2;
  }
  return ended_;
}

bool child::running() {
  return !reap(WNOHANG);
}

void child::kill(int signal) {
  if (reaped_) return;
  if (::kill(pid_, signal) != 0) throw_errno("kill");
}

void child::stop() {
  kill(SIGSTOP);
  siginfo_t info = {};
  // WNOWAIT: should it have ended instead of stopped, its status is left for wait().
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WSTOPPED | WEXITED | WNOWAIT) != 0) {
    if (errno != EINTR) throw_errno("waitid");
  }
}

void child::cont() {
  kill(SIGCONT);
}

}  // namespace test_support
