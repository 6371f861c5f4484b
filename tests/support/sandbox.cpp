#include <support/sandbox.hpp>

#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <support/names.hpp>

#include <cerrno>
#include <string>
#include <system_error>

namespace test_support {
namespace {

void check(int result, const char* what) {
  if (result != 0) throw std::system_error(errno, std::system_category(), what);
}

}  // namespace

outcome in_private_mount(const file_system& what,
                         const std::function<void(const std::filesystem::path&)>& body,
                         std::chrono::milliseconds limit) {
  const scoped_directory place;
  child inside([&] {
    check(::unshare(CLONE_NEWNS), "unshare(CLONE_NEWNS)");
    check(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "mount / private");
    check(::mount(what.type.c_str(), place.path().c_str(), what.type.c_str(), 0,
                  what.options.c_str()),
          ("mount " + what.type).c_str());
    body(place.path());
  });
  return inside.wait(limit);
}

outcome in_private_tmpfs(std::size_t size,
                         const std::function<void(const std::filesystem::path&)>& body,
                         std::chrono::milliseconds limit) {
  return in_private_mount({"tmpfs", "size=" + std::to_string(size)}, body, limit);
}

void drop_privileges(uid_t user, gid_t group, const std::vector<gid_t>& groups) {
  check(::setgroups(groups.size(), groups.data()), "setgroups");
  check(::setresgid(group, group, group), "setresgid");
  check(::setresuid(user, user, user), "setresuid");
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a change of user cleared it
}

}  // namespace test_support
