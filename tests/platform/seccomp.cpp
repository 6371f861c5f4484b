#include "seccomp.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <stdexcept>

namespace platform_test {
namespace {

constexpr unsigned refused = SECCOMP_RET_ERRNO | EOPNOTSUPP;
constexpr unsigned number_at = offsetof(struct seccomp_data, nr);
constexpr unsigned third_argument_at = offsetof(struct seccomp_data, args) + 2 * 8;

void install(sock_filter* filter, unsigned short length) {
  const sock_fprog program = {length, filter};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    throw std::runtime_error("seccomp is refused");
  }
}

void refuse(unsigned call, unsigned error) {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, number_at),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  install(filter, sizeof filter / sizeof *filter);
}

}  // namespace

void forbid_nameless_files() {
  constexpr unsigned tmpfile_bit = O_TMPFILE & ~O_DIRECTORY;
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, number_at),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, third_argument_at),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, tmpfile_bit, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, refused),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  install(filter, sizeof filter / sizeof *filter);
}

void forbid_fallocate() {
  refuse(SYS_fallocate, EOPNOTSUPP);
}

void forbid_rename_without_replacing() {
  refuse(SYS_renameat2, EINVAL);
}

void forbid_waiting_for_many() {
  refuse(SYS_futex_waitv, ENOSYS);
}

}  // namespace platform_test
