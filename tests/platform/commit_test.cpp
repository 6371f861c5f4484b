// Memory is made resident before it is used: a full file system is an error code, never SIGBUS
// (P7).
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <support/child.hpp>
#include <support/privilege.hpp>
#include <support/sandbox.hpp>

#include <cstring>

#include "seccomp.hpp"
#include "toy_map.hpp"

namespace platform_test {
namespace {

namespace fs = std::filesystem;
using test_support::child;
using test_support::scoped_name;

constexpr std::uint64_t piece = 256 << 10;

// Fills the file system to the brim and writes every byte that was granted.
void fill(const fs::path& directory) {
  const map_location where = {"m", directory.string()};
  segment_file made = segment_file::create(where, 1ull << 30, {});
  std::uint64_t granted = 0;
  std::error_code refused;
  while (granted < made.size()) {
    refused = made.commit(granted, piece);
    if (refused) break;
    std::memset(made.base() + granted, 0x5a, piece);
    granted += piece;
  }
  EXPECT_EQ(refused, twinmap::errc::no_space);
  EXPECT_EQ(refused, std::errc::no_space_on_device);
  EXPECT_GE(granted, 3u << 20);
  EXPECT_LE(granted, 4u << 20);
  // What was granted stays, can be asked for again, and can be written.
  EXPECT_FALSE(made.commit(0, granted));
  std::memset(made.base(), 0xa5, granted);
}

TEST(Commit, AFullFileSystemIsNoSpaceAndNeverSigbus) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  EXPECT_EQ(test_support::in_private_tmpfs(4 << 20, fill), 0);
}

TEST(Commit, AFullFileSystemIsNoSpaceWithoutFallocateToo) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  EXPECT_EQ(test_support::in_private_tmpfs(4 << 20,
                                           [](const fs::path& directory) {
                                             forbid_fallocate();
                                             fill(directory);
                                           }),
            0);
}

TEST(Commit, AFullFileSystemRefusesALockFileAndLeavesNoHalfOfIt) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  const auto body = [](const fs::path& directory) {
    const map_location where = {"m", directory.string()};
    segment_file made = segment_file::create(where, 8 << 20, {});
    ASSERT_TRUE(made.publish(where));
    for (std::uint64_t at = 0; !made.commit(at, toy_page); at += toy_page) {
    }
    const std::error_code code = code_of_call([&] {
      lock_file::open(where, made, {1, 2}, {}, 1s);
    });
    EXPECT_EQ(code, twinmap::errc::no_space);
    EXPECT_FALSE(fs::exists(where.lock_path()));
  };
  EXPECT_EQ(test_support::in_private_tmpfs(4 << 20, body), 0);
}

TEST(Commit, RefusesWhatLiesOutsideTheFile) {
  const scoped_name name;
  segment_file made = segment_file::create(location_of(name), toy_size, {});
  EXPECT_FALSE(made.commit(0, toy_size));
  EXPECT_FALSE(made.commit(toy_size, 0));
  EXPECT_TRUE(made.commit(0, toy_size + 1));
  EXPECT_TRUE(made.commit(toy_size, 1));
  EXPECT_TRUE(made.commit(toy_size + toy_page, 1));
  EXPECT_TRUE(made.commit(~0ull - 1, 4096));
  EXPECT_EQ(made.resident_bytes(), toy_size);
}

TEST(GivingBack, LeavesAHoleThatReadsAsZeroAndCanBeCommittedAgain) {
  const scoped_name name;
  segment_file made = segment_file::create(location_of(name), toy_size, {});
  ASSERT_FALSE(made.commit(0, toy_size));
  std::memset(made.base(), 'x', toy_size);
  const std::uint64_t full = made.resident_bytes();
  EXPECT_FALSE(made.give_back(toy_page, toy_page));
  EXPECT_EQ(made.resident_bytes(), full - toy_page);
  EXPECT_EQ(made.size(), toy_size);
  EXPECT_EQ(made.base()[toy_page - 1], std::byte{'x'});
  EXPECT_FALSE(made.commit(toy_page, toy_page));
  EXPECT_EQ(made.resident_bytes(), full);
  EXPECT_EQ(made.base()[toy_page], std::byte{0});
  EXPECT_TRUE(made.give_back(0, toy_size + toy_page));
  EXPECT_TRUE(made.give_back(toy_size, toy_page));
  EXPECT_TRUE(made.give_back(toy_size + toy_page, toy_page));
  EXPECT_EQ(made.resident_bytes(), full);
}

TEST(GivingBack, MakesNoHoleInAFileThatHasTheDescriptorsNumberByNow) {
  const scoped_name name;
  segment_file made = segment_file::create(location_of(name), toy_size, {});
  ASSERT_FALSE(made.commit(0, toy_size));
  const int other = ::memfd_create("other", MFD_CLOEXEC);
  const std::string text(toy_page, 'o');
  ASSERT_EQ(::write(other, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  const int number = made.descriptor();
  ASSERT_EQ(::dup2(other, number), number);
  made.base()[0] = std::byte{1};
  EXPECT_FALSE(made.give_back(0, toy_page)) << "there is another way";
  EXPECT_EQ(made.base()[0], std::byte{0});
  std::string found(toy_page, '\0');
  EXPECT_EQ(::pread(other, found.data(), found.size(), 0), static_cast<ssize_t>(found.size()));
  EXPECT_EQ(found, text);
  EXPECT_EQ(made.space().total, 0u) << "of a file system that is not the map's";
  EXPECT_EQ(made.resident_bytes(), 0u) << "of a file that is not the map's";
  made = segment_file();
  ::close(number);
  ::close(other);
}

TEST(Space, IsThatOfTheFileSystem) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  const auto body = [](const fs::path& directory) {
    segment_file made = segment_file::create({"m", directory.string()}, 8 << 20, {});
    EXPECT_EQ(made.space().total, 4u << 20);
    const std::uint64_t before = made.space().available;
    EXPECT_FALSE(made.commit(0, 1 << 20));
    EXPECT_EQ(made.space().available, before - (1 << 20));
  };
  EXPECT_EQ(test_support::in_private_tmpfs(4 << 20, body), 0);
}

TEST(Space, IsNotThatOfAFileThatHasTheDescriptorsNumberByNow) {
  const scoped_name name;
  segment_file made = segment_file::create(location_of(name), toy_size, {});
  const int number = made.descriptor();
  const int other = ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ASSERT_EQ(::dup2(other, number), number);
  EXPECT_EQ(made.space().total, 0u);
  made = segment_file();
  ::close(number);
  ::close(other);
}

TEST(Commit, NeverTouchesAFileThatHasTheDescriptorsNumberByNow) {
  const scoped_name name;
  segment_file made = segment_file::create(location_of(name), toy_size, {});
  const int other = ::memfd_create("other", MFD_CLOEXEC);
  ASSERT_EQ(::dup2(other, made.descriptor()), made.descriptor());
  EXPECT_FALSE(made.commit(0, toy_size));
  made.base()[0] = std::byte{1};
  struct stat status = {};
  ASSERT_EQ(::fstat(other, &status), 0);
  EXPECT_EQ(status.st_size, 0);
  EXPECT_EQ(status.st_blocks, 0);
  const int number = made.descriptor();
  made = segment_file();
  EXPECT_GE(::fcntl(number, F_GETFD), 0) << "somebody else's descriptor was closed";
  ::close(number);
  ::close(other);
}

}  // namespace
}  // namespace platform_test
