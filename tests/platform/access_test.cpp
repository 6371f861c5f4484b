// Which files are attached, and what the refusal says: kinds of file, owners, modes, sizes.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <support/child.hpp>
#include <support/privilege.hpp>
#include <support/sandbox.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "toy_map.hpp"

namespace platform_test {
namespace {

namespace fs = std::filesystem;
using test_support::as_user;
using test_support::scoped_directory;
using test_support::scoped_name;
using twinmap::errc;

constexpr uid_t alice = 54001;
constexpr uid_t bob = 54002;
constexpr gid_t team = 54100;

std::error_code code_of_open(const scoped_name& name, access mode, std::string* text = nullptr,
                             const trust& whom = {}) {
  return code_of_call([&] { segment_file::open(location_of(name), mode, whom); }, text);
}

void make_file(const fs::path& file, uid_t owner, gid_t group, mode_t mode) {
  std::ofstream(file) << std::string(toy_size, '\0');
  ASSERT_EQ(::chown(file.c_str(), owner, group), 0);
  ASSERT_EQ(::chmod(file.c_str(), mode), 0);
}

TEST(Access, WhatIsNotThereIsNotFound) {
  const scoped_name name;
  std::string text;
  EXPECT_EQ(code_of_open(name, access::read_only, &text), errc::not_found);
  EXPECT_NE(text.find(name.segment_file().string()), std::string::npos) << text;
  EXPECT_EQ(identity_of(name.segment_file()), std::nullopt);
}

TEST(Access, OnlyRegularFilesAreAttachedAndNothingIsFollowed) {
  const scoped_directory place;
  const scoped_name target(place.path(), "target");
  make_file(target.segment_file(), ::geteuid(), ::getegid(), 0600);
  EXPECT_FALSE(code_of_open(target, access::read_write));

  std::string text;
  const scoped_name link(place.path(), "link");
  fs::create_symlink(target.segment_file(), link.segment_file());
  EXPECT_EQ(code_of_open(link, access::read_write, &text), errc::permission_denied);
  EXPECT_NE(text.find("is a symbolic link"), std::string::npos) << text;

  const scoped_name pipe(place.path(), "pipe");
  ASSERT_EQ(::mkfifo(pipe.segment_file().c_str(), 0600), 0);
  EXPECT_EQ(code_of_open(pipe, access::read_only, &text), errc::permission_denied);
  EXPECT_NE(text.find("pipe"), std::string::npos) << text;

  const scoped_name directory(place.path(), "directory");
  fs::create_directory(directory.segment_file());
  EXPECT_EQ(code_of_open(directory, access::read_only, &text), errc::permission_denied);
  EXPECT_NE(text.find("directory"), std::string::npos) << text;
}

TEST(Access, SizesThatAreNoWholePagesAreCorrupted) {
  const scoped_name name;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, toy_page + 1}) {
    std::ofstream(name.segment_file()) << std::string(size, 'x');
    ASSERT_EQ(::chmod(name.segment_file().c_str(), 0600), 0);
    EXPECT_EQ(code_of_open(name, access::read_only), errc::corrupted) << size;
  }
}

TEST(Access, WorldWritableFilesAreRefusedUnlessAskedFor) {
  const scoped_name name;
  make_file(name.segment_file(), ::geteuid(), ::getegid(), 0666);
  std::string text;
  EXPECT_EQ(code_of_open(name, access::read_only, &text), errc::permission_denied);
  EXPECT_NE(text.find("0666"), std::string::npos) << text;
  const trust anybody = {.trusted_owner = {}, .world_writable_ok = true};
  EXPECT_FALSE(code_of_open(name, access::read_write, nullptr, anybody));
}

TEST(Access, ForeignFilesAreAcceptedOnlyThroughAGroupOrByName) {
  TWINMAP_REQUIRE_PRIVILEGE(change_user);
  const scoped_name name;
  make_file(name.segment_file(), alice, team, 0640);
  const auto as_bob = [&](std::vector<gid_t> groups, auto body) {
    EXPECT_EQ(as_user(bob, bob, std::move(groups), body).wait(), 0);
  };
  as_bob({team}, [&] {
    EXPECT_FALSE(code_of_open(name, access::read_only));
    EXPECT_EQ(code_of_open(name, access::read_write), errc::permission_denied);
  });
  as_bob({}, [&] {
    std::string text;
    EXPECT_EQ(code_of_open(name, access::read_only, &text), errc::permission_denied);
    EXPECT_NE(text.find("uid 54002"), std::string::npos) << text;
    EXPECT_NE(text.find("uid 54001"), std::string::npos) << text;
    EXPECT_NE(text.find("0640"), std::string::npos) << text;
  });
  ASSERT_EQ(::chmod(name.segment_file().c_str(), 0644), 0);
  as_bob({}, [&] {
    EXPECT_EQ(code_of_open(name, access::read_only), errc::permission_denied);
    const trust in_alice = {.trusted_owner = alice, .world_writable_ok = false};
    EXPECT_FALSE(code_of_open(name, access::read_only, nullptr, in_alice));
  });
  // Root could open it, and does not trust it.
  EXPECT_EQ(code_of_open(name, access::read_only), errc::permission_denied);
  // Nor for more than its own group is granted.
  ASSERT_EQ(::chown(name.segment_file().c_str(), alice, ::getegid()), 0);
  ASSERT_EQ(::chmod(name.segment_file().c_str(), 0640), 0);
  EXPECT_FALSE(code_of_open(name, access::read_only));
  EXPECT_EQ(code_of_open(name, access::read_write), errc::permission_denied);
  ASSERT_EQ(::chmod(name.segment_file().c_str(), 0644), 0);
  ASSERT_EQ(::chown(name.segment_file().c_str(), 0, 0), 0);
  as_bob({}, [&] { EXPECT_FALSE(code_of_open(name, access::read_only)); });
}

TEST(Access, TheGroupOfAMapAttachesForWritingWhoeverMadeIt) {
  TWINMAP_REQUIRE_PRIVILEGE(change_user);
  const scoped_directory place;
  ASSERT_EQ(::chmod(place.path().c_str(), 01777), 0);
  const scoped_name name(place.path());
  const ownership shared = {.mode = 0660, .group = team};
  const auto write_once = [&] {
    toy_map map = toy_map::attach(location_of(name), shared);
    map.pass(map.take());
    EXPECT_EQ(map.header().violations, 0u);
  };
  EXPECT_EQ(as_user(alice, alice, {team}, write_once).wait(), 0);
  EXPECT_EQ(as_user(bob, bob, {team}, write_once).wait(), 0);
  EXPECT_EQ(as_user(bob, bob, {}, write_once).wait(), test_support::exit_on_exception);
  // A lock file that root makes is the owner's all the same.
  fs::remove(name.lock_file());
  fs::remove(name.segment_file());
  EXPECT_EQ(as_user(alice, alice, {},
                    [&] {
                      segment_file made = segment_file::create(location_of(name), toy_size, {});
                      EXPECT_TRUE(made.publish(location_of(name)));
                    })
                .wait(),
            0);
  {
    const trust in_alice = {.trusted_owner = alice, .world_writable_ok = false};
    const segment_file segment =
        segment_file::open(location_of(name), access::read_write, in_alice);
    lock_file::open(location_of(name), segment, {1, 2}, {}, 1s);
  }
  struct stat status = {};
  ASSERT_EQ(::stat(name.lock_file().c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, alice);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
}

// The VmFlags line of the mapping that begins at `base`.
std::string mapping_flags(const void* base) {
  std::ostringstream start;
  start << std::hex << reinterpret_cast<std::uintptr_t>(base) << '-';
  std::ifstream maps("/proc/self/smaps");
  bool mine = false;
  for (std::string line; std::getline(maps, line);) {
    if (line.rfind(start.str(), 0) == 0) mine = true;
    if (mine && line.rfind("VmFlags:", 0) == 0) return line;
  }
  return {};
}

// Not with the process: a program that it starts has none of them.
TEST(Access, DescriptorsEndWithTheProgram) {
  const scoped_name name;
  make_file(name.segment_file(), ::geteuid(), ::getegid(), 0600);
  const segment_file segment = segment_file::open(location_of(name), access::read_write, {});
  EXPECT_EQ(::fcntl(segment.descriptor(), F_GETFD), FD_CLOEXEC);
}

TEST(Access, MappingsAreSharedReadOnlyIfAskedAndLeftOutOfCoreDumps) {
  const scoped_name name;
  segment_file made = segment_file::create(location_of(name), toy_size, {});
  ASSERT_TRUE(made.publish(location_of(name)));
  const segment_file view = segment_file::open(location_of(name), access::read_only, {});
  EXPECT_EQ(made.identity(), view.identity());
  made.base()[7] = std::byte{42};
  EXPECT_EQ(view.base()[7], std::byte{42});
  const std::string writing = mapping_flags(made.base());
  const std::string reading = mapping_flags(view.base());
  EXPECT_NE(writing.find(" dd"), std::string::npos) << writing;
  EXPECT_NE(reading.find(" dd"), std::string::npos) << reading;
  EXPECT_NE(writing.find(" wr"), std::string::npos) << writing;
  EXPECT_EQ(reading.find(" wr"), std::string::npos) << reading;
}

}  // namespace
}  // namespace platform_test
