// The other worlds are what they claim to be, and the counter counts.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <support/names.hpp>
#include <support/privilege.hpp>
#include <support/sandbox.hpp>
#include <support/syscalls.hpp>

#include <atomic>
#include <filesystem>
#include <fstream>

namespace test_support {
namespace {

TEST(Sandbox, PrivateTmpfsHasItsSizeAndLeavesNothing) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  std::filesystem::path parent_view = std::filesystem::temp_directory_path();
  const auto before = std::distance(std::filesystem::directory_iterator(parent_view), {});
  const outcome ended = in_private_tmpfs(4 << 20, [](const std::filesystem::path& directory) {
    struct statvfs info = {};
    ASSERT_EQ(::statvfs(directory.c_str(), &info), 0);
    EXPECT_EQ(info.f_blocks * info.f_frsize, 4u << 20);
    std::ofstream(directory / "file") << "x";
    EXPECT_EQ(child([&] { return std::filesystem::exists(directory / "file") ? 0 : 1; }).wait(), 0);
  });
  EXPECT_EQ(ended, 0);
  EXPECT_LE(std::distance(std::filesystem::directory_iterator(parent_view), {}), before);
}

TEST(Sandbox, TwoNamespacesBothHavePidOneAndTheParentStaysOutside) {
  TWINMAP_REQUIRE_PRIVILEGE(pid_namespace);
  child first = in_pid_namespace([] { return ::getpid() == 1 ? 0 : 1; });
  child second = in_pid_namespace([] { return ::getpid() == 1 ? 0 : 1; });
  child outside([] { return ::getpid() != 1 ? 0 : 1; });
  EXPECT_EQ(first.wait(), 0);
  EXPECT_EQ(second.wait(), 0);
  EXPECT_EQ(outside.wait(), 0);
}

TEST(Sandbox, PidOneIsKilledFromOutside) {
  TWINMAP_REQUIRE_PRIVILEGE(pid_namespace);
  child init = in_pid_namespace([] { return ::pause(); });
  init.stop();
  init.cont();
  init.kill(SIGKILL);
  EXPECT_EQ(init.wait().signal, SIGKILL);
}

TEST(Sandbox, AnotherUserHasExactlyTheGroupsGiven) {
  TWINMAP_REQUIRE_PRIVILEGE(change_user);
  const scoped_directory place;
  ASSERT_EQ(::chmod(place.path().c_str(), 0755), 0);
  const std::filesystem::path file = place / "group-only";
  std::ofstream(file) << "x";
  ASSERT_EQ(::chown(file.c_str(), 0, 54321), 0);
  ASSERT_EQ(::chmod(file.c_str(), 0640), 0);
  const auto can_read = [&] { return ::open(file.c_str(), O_RDONLY | O_CLOEXEC) >= 0 ? 0 : 1; };
  EXPECT_EQ(as_user(65534, 65534, {54321}, can_read).wait(), 0);
  EXPECT_EQ(as_user(65534, 65534, {}, can_read).wait(), 1);
}

TEST(Syscalls, AreCountedBetweenTheMarksOnly) {
  TWINMAP_REQUIRE_PRIVILEGE(ptrace);
  const syscall_count count = count_syscalls([](const syscall_marks& marks) {
    ::syscall(SYS_getuid);
    marks.begin();
    for (int i = 0; i < 3; ++i)
      ::syscall(SYS_getppid);
    marks.end();
    ::syscall(SYS_getuid);
  });
  EXPECT_EQ(count.ended, 0);
  EXPECT_TRUE(count.marked);
  EXPECT_EQ(count.total, 3);
  EXPECT_EQ(count.by_number.at(SYS_getppid), 3);
}

TEST(Syscalls, NoneAreSeenInPureComputation) {
  TWINMAP_REQUIRE_PRIVILEGE(ptrace);
  const syscall_count count = count_syscalls([](const syscall_marks& marks) {
    std::atomic<int> sum{0};
    marks.begin();
    for (int i = 0; i < 1'000'000; ++i)
      sum.fetch_add(i & 1, std::memory_order_relaxed);
    marks.end();
  });
  EXPECT_TRUE(count.marked);
  EXPECT_EQ(count.total, 0);
}

TEST(Syscalls, AChildThatEndsBeforeTheSecondMarkIsNotMarked) {
  TWINMAP_REQUIRE_PRIVILEGE(ptrace);
  const syscall_count count = count_syscalls([](const syscall_marks& marks) {
    marks.begin();
    ::_exit(9);
  });
  EXPECT_FALSE(count.marked);
  EXPECT_EQ(count.ended, 9);
}

TEST(Privilege, CiIsReadFromTheEnvironment) {
  const char* before = ::getenv("CI");
  const std::string saved = before != nullptr ? before : "";
  ::setenv("CI", "true", 1);
  EXPECT_TRUE(in_ci());
  ::setenv("CI", "false", 1);
  EXPECT_FALSE(in_ci());
  ::unsetenv("CI");
  EXPECT_FALSE(in_ci());
  if (before != nullptr) ::setenv("CI", saved.c_str(), 1);
}

}  // namespace
}  // namespace test_support
