#include <support/privilege.hpp>

#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string_view>

namespace test_support {
namespace {

int try_mount_namespace() {
  if (::unshare(CLONE_NEWNS) != 0) return errno;
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return errno;
  return ::mount("tmpfs", "/tmp", "tmpfs", 0, "size=64k") != 0 ? errno : 0;
}

int try_pid_namespace() {
  return ::unshare(CLONE_NEWPID) != 0 ? errno : 0;
}

int try_change_user() {
  constexpr unsigned nobody = 65534;
  if (::setgroups(0, nullptr) != 0) return errno;
  return ::setresuid(nobody, nobody, nobody) != 0 ? errno : 0;
}

int try_ptrace() {
  return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0 ? errno : 0;
}

struct attempt {
  const char* what;
  int (*run)();
};

attempt attempt_for(privilege wanted) {
  switch (wanted) {
    case privilege::mount_namespace:
      return {"mount a tmpfs in a mount namespace of its own", try_mount_namespace};
    case privilege::pid_namespace:
      return {"make a PID namespace", try_pid_namespace};
    case privilege::change_user:
      return {"become another user", try_change_user};
    case privilege::ptrace:
      return {"trace its own child", try_ptrace};
  }
  std::abort();
}

}  // namespace

std::string why_not(privilege wanted) {
  const attempt tried = attempt_for(wanted);
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(tried.run());
  int status = 0;
  if (pid < 0 || ::waitpid(pid, &status, 0) != pid) return "cannot fork to try its privileges";
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  const char* reason = WIFEXITED(status) ? std::strerror(WEXITSTATUS(status)) : "ended by a signal";
  return std::string("this test may not ") + tried.what + ": " + reason;
}

bool in_ci() {
  const char* value = std::getenv("CI");
  const std::string_view text = value != nullptr ? value : "";
  return !text.empty() && text != "0" && text != "false";
}

bool long_form() {
  const char* value = std::getenv("TWINMAP_LONG");
  const std::string_view text = value != nullptr ? value : "";
  return !text.empty() && text != "0";
}

}  // namespace test_support
