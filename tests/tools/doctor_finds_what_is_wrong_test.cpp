// doctor: each thing that it looks for, brought about, and its finding with a remedy.
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>
#include <support/child.hpp>
#include <support/huge_pages.hpp>
#include <support/privilege.hpp>
#include <support/sandbox.hpp>
#include <tools/tool.hpp>
#include <twinmap/bytes_map.hpp>

#include <filesystem>
#include <fstream>
#include <set>

namespace tools_test {
namespace {

// The findings of one check, one a line: "status: finding -> remedy".
std::string findings_of(const std::string& report, const std::string& check) {
  std::string all;
  for (const json& each : json::parse(report)) {
    if (each["check"] != check) continue;
    all += each["status"].get<std::string>() + ": " + each["finding"].get<std::string>();
    const std::string remedy = each["remedy"].get<std::string>();
    EXPECT_EQ(remedy.empty(), each["status"] == "ok") << all;
    all += " -> " + remedy + "\n";
  }
  return all;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class doctor : public tool {
 protected:
  std::string about(const std::string& check, int exit = 0) const {
    const command_result result = run({"doctor", "--json", "--socket", directory() + "/none.sock"});
    EXPECT_EQ(result.exit, exit) << result.err;
    return findings_of(result.out, check);
  }
  void make(const std::string& name) const {
    must({"create", name, "--key", "u64", "--value", "u64", "--max-bytes", "1M"});
  }
};

TEST_F(doctor, LooksAtEverythingAndIsContentWithASoundMap) {
  make("m");
  const json all = parsed({"doctor"});
  std::set<std::string> checks;
  for (const json& each : all)
    checks.insert(each["check"].get<std::string>());
  EXPECT_EQ(checks,
            (std::set<std::string>{"directory", "remove_ipc", "huge_pages", "memory_limits",
                                   "unlinked_maps", "left_overs", "writers", "kernel", "daemon"}));
  EXPECT_EQ(about("left_overs").rfind("ok:", 0), 0u) << about("left_overs");
  EXPECT_EQ(about("writers").rfind("ok:", 0), 0u) << about("writers");
  EXPECT_FALSE(has(about("kernel"), "fail:")) << about("kernel");
  EXPECT_EQ(about("daemon").rfind("warn:", 0), 0u) << "none is no failure";
  const std::string table = output({"doctor"});
  EXPECT_EQ(table.rfind("STATUS", 0), 0u) << table;
  EXPECT_TRUE(has(table, "\nok      left_overs")) << table;
  EXPECT_TRUE(has(table, "-> maps need no daemon")) << table;
}

TEST_F(doctor, FailsWithoutADirectory) {
  const command_result result = test_support::run_command(
      {TWINMAP_CLI, "--dir", directory() + "/nowhere", "doctor", "--json"});
  EXPECT_EQ(result.exit, 1);
  EXPECT_TRUE(has(findings_of(result.out, "directory"), "fail: ")) << result.out;
}

TEST_F(doctor, FindsLeftOvers) {
  make("whole");
  const auto put = [this](const std::string& name, const std::string& bytes) {
    std::ofstream(directory() + "/" + name) << bytes;
    return directory() + "/" + name;
  };
  const std::string lock = put("twinmap.lone.lock", "");
  EXPECT_TRUE(has(about("left_overs"), "warn: " + lock)) << about("left_overs");
  EXPECT_TRUE(has(about("left_overs"), "-> rm " + lock));
  const std::string temporary = put(".twinmap.m.123.0123456789abcdef", "");
  EXPECT_FALSE(has(about("left_overs"), temporary)) << "somebody may be at it just now";
  const utimbuf long_ago{1'000'000'000, 1'000'000'000};
  ASSERT_EQ(::utime(temporary.c_str(), &long_ago), 0);
  EXPECT_TRUE(has(about("left_overs"), "warn: " + temporary)) << about("left_overs");
  const std::string removed = put(".removed.twinmap.m.lock.7b", "");
  EXPECT_TRUE(has(about("left_overs"), "warn: " + removed)) << about("left_overs");
  put("twinmap.garbage", std::string(1 << 20, 'g'));
  EXPECT_TRUE(has(about("left_overs", 1), "fail: ")) << about("left_overs", 1);
  EXPECT_TRUE(has(about("left_overs", 1), "twinmap rm garbage"));
}

TEST_F(doctor, FindsMapsThatLostTheirNameAndAreStillAttached) {
  twinmap::options here;
  here.directory = directory();
  here.max_bytes = 1 << 20;
  const twinmap::bytes_map made(twinmap::create_only, "m", here);
  const twinmap::bytes_map opened(twinmap::open_read_only, "m", here);
  EXPECT_TRUE(has(about("unlinked_maps"), "ok: ")) << about("unlinked_maps");
  must({"rm", "m"});
  const std::string found = about("unlinked_maps");
  EXPECT_TRUE(has(found, "warn: map 'm' (inode ")) << found;
  EXPECT_TRUE(has(found, std::to_string(::getpid()) + " (test_tools)")) << found;
}

TEST_F(doctor, FindsTheMakerOfAMapThatLostItsName) {
  twinmap::options here;
  here.directory = directory();
  if (::geteuid() != 0) GTEST_SKIP() << "only root may look into nameless files";
  const twinmap::bytes_map made(twinmap::create_only, "m", here);
  EXPECT_TRUE(has(about("unlinked_maps"), "ok: ")) << about("unlinked_maps");
  must({"rm", "m"});
  const std::string found = about("unlinked_maps");
  EXPECT_TRUE(has(found, "warn: a map (inode "))
      << "the maker has the file under no name: " << found;
  EXPECT_TRUE(has(found, std::to_string(::getpid()) + " (test_tools)")) << found;
}

TEST_F(doctor, FindsTightLimitsOfTheProcess) {
  test_support::child limited([this] {
    const rlimit half{512u << 20, 512u << 20};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &half), 0);
    EXPECT_TRUE(has(about("memory_limits"), "warn: file size")) << about("memory_limits");
  });
  EXPECT_EQ(limited.wait(), 0);
}

TEST_F(doctor, FindsAFullDirectory) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  const auto ended =
      test_support::in_private_tmpfs(8 << 20, [](const std::filesystem::path& place) {
        const auto directory_says = [&place](int exit) {
          const command_result result =
              test_support::run_command({TWINMAP_CLI, "--dir", place.string(), "doctor", "--json"});
          EXPECT_EQ(result.exit, exit) << result.err;
          return findings_of(result.out, "directory");
        };
        EXPECT_TRUE(has(directory_says(0), "ok: ")) << directory_says(0);
        std::ofstream(place / "ballast") << std::string(7 << 20, 'b');
        EXPECT_TRUE(has(directory_says(0), "warn: ")) << directory_says(0);
        std::ofstream(place / "more") << std::string(1 << 20, 'b');
        EXPECT_TRUE(has(directory_says(1), "fail: ")) << directory_says(1);
        EXPECT_TRUE(has(directory_says(1), "remount,size="));
      });
  EXPECT_EQ(ended, 0);
}

// What doctor says of huge pages in a directory that holds a map of 8 MiB which asked for them.
std::string about_huge_pages(const std::filesystem::path& place) {
  twinmap::options here{.huge_pages = true, .directory = place.string()};
  twinmap::bytes_map map(twinmap::open_or_create, "m", here);
  for (int key = 0; key != 80; ++key)
    map.store(std::to_string(key), std::string(100'000, 'v'));
  const command_result result =
      test_support::run_command({TWINMAP_CLI, "--dir", place.string(), "doctor", "--json"});
  return findings_of(result.out, "huge_pages");
}

TEST_F(doctor, FindsThatMapsHaveTheHugePagesTheyAskedFor) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  if (const std::string why = test_support::why_no_huge_pages(); !why.empty()) GTEST_SKIP() << why;
  const auto ended = test_support::in_private_tmpfs(64 << 20, [](const auto& place) {
    const std::string found = about_huge_pages(place);
    EXPECT_EQ(found.rfind("ok: ", 0), 0u) << found;
    EXPECT_TRUE(has(found, "is mounted with huge=never; shmem_enabled is ")) << found;
  });
  EXPECT_EQ(ended, 0);
}

TEST_F(doctor, FindsMapsWithoutTheHugePagesTheyAskedFor) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  const auto ended = test_support::in_private_tmpfs(64 << 20, [](const auto& place) {
    ASSERT_EQ(::prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), 0);
    std::string found = about_huge_pages(place);
    EXPECT_TRUE(has(found, "warn: ")) << found;
    EXPECT_TRUE(has(found, "asked for huge pages and have none: m -> ")) << found;
    const char* setting = "/sys/kernel/mm/transparent_hugepage/shmem_enabled";
    if (!std::filesystem::exists(setting)) return;
    std::ofstream(place / "setting") << "always within_size advise never [deny] force\n";
    ASSERT_EQ(::mount((place / "setting").c_str(), setting, nullptr, MS_BIND, nullptr), 0);
    found = about_huge_pages(place);
    EXPECT_TRUE(has(found, "shmem_enabled is deny")) << found;
    EXPECT_TRUE(has(found, std::string("-> echo never > ") + setting)) << found;
  });
  EXPECT_EQ(ended, 0);
}

// The pool is the machine's: its settings are those of this mount namespace.
TEST_F(doctor, FindsAHugetlbfsWhosePoolIsEmpty) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  const std::filesystem::path pool = "/sys/kernel/mm/hugepages";
  if (!std::filesystem::exists(pool / "hugepages-2048kB"))
    GTEST_SKIP() << "the kernel has no huge pages of 2 MiB for hugetlbfs";
  const auto ended =
      test_support::in_private_mount({"hugetlbfs", "pagesize=2M"}, [&pool](const auto& place) {
        ASSERT_EQ(::mount("tmpfs", pool.c_str(), "tmpfs", 0, ""), 0);
        std::filesystem::create_directory(pool / "hugepages-2048kB");
        const auto says = [&](const char* all, const char* free) {
          std::ofstream(pool / "hugepages-2048kB/nr_hugepages") << all << "\n";
          std::ofstream(pool / "hugepages-2048kB/free_hugepages") << free << "\n";
          const command_result result =
              test_support::run_command({TWINMAP_CLI, "--dir", place.string(), "doctor", "--json"});
          EXPECT_FALSE(has(findings_of(result.out, "directory"), "warn: ")) << result.out;
          return findings_of(result.out, "huge_pages");
        };
        EXPECT_TRUE(has(says("8", "3"), "of 8 pages of 2.0 MiB in the pool 3 are free"))
            << says("8", "3");
        EXPECT_TRUE(has(says("8", "0"), "warn: ")) << says("8", "0");
        EXPECT_TRUE(has(says("8", "0"), "-> echo 16 > ")) << says("8", "0");
        EXPECT_TRUE(has(says("0", "0"), "-> echo 512 > ")) << says("0", "0");
      });
  EXPECT_EQ(ended, 0);
}

// In a mount namespace whose /etc and /run say what the test wants.
class doctor_of_logind : public doctor {
 protected:
  static void remove_ipc(uid_t owner, const std::string& drop_in, const std::string& expected) {
    test_support::child other([&] {
      ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
      ASSERT_EQ(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
      for (const char* place : {"/run", "/dev/shm", "/etc"}) {
        ASSERT_EQ(::mount("tmpfs", place, "tmpfs", 0, "mode=1777"), 0);
      }
      std::filesystem::create_directories("/run/systemd/system");
      std::filesystem::create_directories("/etc/systemd/logind.conf.d");
      std::ofstream("/etc/systemd/logind.conf") << "[Login]\n#RemoveIPC=no\n";
      std::ofstream("/etc/systemd/logind.conf.d/twinmap.conf") << drop_in;
      const words create{"create", "m", "--key", "u64", "--value", "u64", "--max-bytes", "1M"};
      words argv{TWINMAP_CLI, "--dir", "/dev/shm"};
      argv.insert(argv.end(), create.begin(), create.end());
      ASSERT_EQ(test_support::run_command(argv).exit, 0);
      for (const char* file : {"/dev/shm/twinmap.m", "/dev/shm/twinmap.m.lock"})
        ASSERT_EQ(::chown(file, owner, owner), 0);
      const command_result result =
          test_support::run_command({TWINMAP_CLI, "--dir", "/dev/shm", "doctor", "--json"});
      const std::string found = findings_of(result.out, "remove_ipc");
      EXPECT_EQ(found.rfind(expected, 0), 0u) << found;
    });
    EXPECT_EQ(other.wait(), 0);
  }
};

TEST_F(doctor_of_logind, WhichRemovesTheMapsOfOrdinaryUsers) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  TWINMAP_REQUIRE_PRIVILEGE(change_user);
  if (::getuid() != 0) GTEST_SKIP() << "needs root, which owns what it makes";
  remove_ipc(0, "", "ok: RemoveIPC is on by default, and spares system users");
  remove_ipc(0, "[Login]\nRemoveIPC=yes\n", "ok: RemoveIPC is on in /etc/systemd/logind.conf.d");
  remove_ipc(0, "[Login]\nRemoveIPC = no\n",
             "ok: RemoveIPC is off in /etc/systemd/logind.conf.d/twinmap.conf");
  remove_ipc(1234, "", "warn: RemoveIPC is on by default: the maps of 1234 vanish");
  remove_ipc(1234, "[Login]\nRemoveIPC=off\n", "ok: RemoveIPC is off");
  remove_ipc(0, "[Other]\nRemoveIPC=no\n", "ok: RemoveIPC is on by default");
}

}  // namespace
}  // namespace tools_test
