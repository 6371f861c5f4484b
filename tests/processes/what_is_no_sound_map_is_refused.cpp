// Opening refuses what it cannot trust, each reason with its own error code, and leaves the file as
// it found it.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <maps/segment_bytes.hpp>
#include <maps/self_verifying.hpp>
#include <support/child.hpp>
#include <support/names.hpp>
#include <support/privilege.hpp>
#include <support/sandbox.hpp>
#include <twinmap/bytes_map.hpp>
#include <twinmap/map.hpp>
#include <twinmap/storage/plan.hpp>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

namespace process_tests {
namespace {

using map_type = twinmap::map<std::string, std::uint64_t>;
using twinmap::errc;
using twinmap::storage::header_constant;

std::string contents(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Expects `open` to fail with `code`; the text must hold each of `words`.
template <class Open>
void expect_refused(Open open, errc code, const std::vector<std::string>& words = {}) {
  try {
    open();
    ADD_FAILURE() << "was opened; expected " << make_error_code(code).message();
  } catch (const twinmap::error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    for (const std::string& word : words)
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos)
          << "'" << word << "' is missing in: " << error.what();
  }
}

class Refused : public testing::Test {
 protected:
  void make_map(twinmap::options settings = {}) {
    settings.max_bytes = 4u << 20;
    map_type map(twinmap::create_only, name, settings);
    map.store("key", 42);
  }
  // Changes the header of a sound map; the checksum is made to fit, so that the check meant is
  // reached.
  void edit_header(const std::function<void(header_constant&)>& edit) {
    const test_maps::segment_bytes segment(name.segment_file());
    header_constant& header = segment.header().constant;
    edit(header);
    header.checksum = twinmap::storage::header_checksum(header);
  }
  void expect_all_modes_refuse(errc code, const std::vector<std::string>& words = {}) {
    const std::string before = contents(name.segment_file());
    expect_refused([&] { map_type(twinmap::open_only, name); }, code, words);
    expect_refused([&] { map_type(twinmap::open_or_create, name); }, code, words);
    expect_refused([&] { map_type(twinmap::open_read_only, name); }, code, words);
    EXPECT_TRUE(contents(name.segment_file()) == before) << "the refused file was changed";
  }
  void replace_by(const std::string& bytes) {
    std::ofstream(name.segment_file(), std::ios::binary | std::ios::trunc) << bytes;
    std::filesystem::permissions(name.segment_file(), std::filesystem::perms(0600));
  }

  test_support::scoped_name name;
};

TEST_F(Refused, AnotherKeyOrValueTypeNamingBoth) {
  make_map();
  using other_value = twinmap::map<std::string, double>;
  using other_key = twinmap::map<std::uint64_t, std::uint64_t>;
  expect_refused([&] { other_value(twinmap::open_only, name); }, errc::type_mismatch,
                 {"f64", "u64", name.str()});
  expect_refused([&] { other_key(twinmap::open_or_create, name); }, errc::type_mismatch,
                 {"string", "u64"});
  expect_refused([&] { other_key(twinmap::open_read_only, name); }, errc::type_mismatch);
  const twinmap::bytes_map any(twinmap::open_read_only, name);
  EXPECT_TRUE(any.contains("key")) << "bytes_map takes any map whatever its types";
}

TEST_F(Refused, AnotherFormatVersion) {
  make_map();
  edit_header([](header_constant& header) { ++header.version; });
  expect_all_modes_refuse(errc::incompatible_layout, {"version"});
}

TEST_F(Refused, AnotherLayout) {
  make_map();
  edit_header([](header_constant& header) { header.layout_hash ^= 1; });
  expect_all_modes_refuse(errc::incompatible_layout);
}

TEST_F(Refused, AnUnknownIncompatibleFeature) {
  make_map();
  edit_header([](header_constant& header) { header.incompatible_features |= 1ull << 40; });
  expect_all_modes_refuse(errc::incompatible_layout, {"feature"});
}

TEST_F(Refused, WritingWithAnUnknownFeatureThatOnlyReadersMayIgnore) {
  make_map();
  edit_header([](header_constant& header) { header.read_only_compatible_features |= 1ull << 40; });
  expect_refused([&] { map_type(twinmap::open_only, name); }, errc::incompatible_layout);
  const map_type reader(twinmap::open_read_only, name);
  EXPECT_EQ(reader.load("key"), 42u);
}

TEST_F(Refused, NotAnUnknownCompatibleFeature) {
  make_map();
  edit_header([](header_constant& header) { header.compatible_features |= 1ull << 40; });
  map_type map(twinmap::open_only, name);
  EXPECT_EQ(map.load("key"), 42u);
  map.store("key", 43);
}

TEST_F(Refused, ABrokenChecksum) {
  make_map();
  {
    const test_maps::segment_bytes segment(name.segment_file());
    segment.header().constant.hash_seed[0] ^= 1;
  }
  expect_all_modes_refuse(errc::corrupted);
}

TEST_F(Refused, ARegionThatLiesOutsideOfTheFile) {
  make_map();
  edit_header([](header_constant& header) { header.slots.offset = 1ull << 40; });
  expect_all_modes_refuse(errc::corrupted);
}

TEST_F(Refused, ATruncatedFile) {
  make_map();
  const auto size = std::filesystem::file_size(name.segment_file());
  for (const std::uintmax_t left :
       {size - 4096, size / 2, std::uintmax_t{4096}, std::uintmax_t{100}, std::uintmax_t{0}}) {
    std::filesystem::resize_file(name.segment_file(), left);
    expect_all_modes_refuse(errc::corrupted);
  }
}

TEST_F(Refused, Zeros) {
  for (const std::size_t size : {std::size_t{4096}, std::size_t{1} << 20}) {
    replace_by(std::string(size, '\0'));
    expect_all_modes_refuse(errc::corrupted);
  }
}

TEST_F(Refused, RandomBytes) {
  test_maps::random_source random(1);
  for (int round = 0; round < 20; ++round) {
    std::string bytes(65536, '\0');
    for (char& byte : bytes)
      byte = static_cast<char>(random());
    replace_by(bytes);
    expect_all_modes_refuse(errc::corrupted);
  }
}

// Each header byte of a sound map in turn: never opened as something else, never a crash.
TEST_F(Refused, AFlippedBitAnywhereInTheConstantHeader) {
  make_map();
  for (std::size_t at = 0; at < sizeof(header_constant); ++at) {
    const auto flip = [&] {
      const test_maps::segment_bytes segment(name.segment_file());
      segment.base()[at] ^= std::byte{0x10};
    };
    flip();
    try {
      map_type(twinmap::open_read_only, name);
      EXPECT_GE(at, offsetof(header_constant, checksum) + 8) << "byte " << at << " is not covered";
    } catch (const twinmap::error& error) {
      EXPECT_TRUE(error.code() == errc::corrupted || error.code() == errc::incompatible_layout)
          << error.what();
    }
    flip();
  }
  EXPECT_EQ(map_type(twinmap::open_read_only, name).load("key"), 42u);
}

TEST_F(Refused, ASymbolicLink) {
  const test_support::scoped_name target;
  map_type(twinmap::create_only, target, {.max_bytes = 4u << 20});
  std::filesystem::create_symlink(target.segment_file(), name.segment_file());
  expect_refused([&] { map_type(twinmap::open_only, name); }, errc::permission_denied);
  expect_refused([&] { map_type(twinmap::open_or_create, name); }, errc::permission_denied);
  expect_refused([&] { map_type(twinmap::open_read_only, name); }, errc::permission_denied);
}

TEST_F(Refused, WhatIsNoRegularFile) {
  ASSERT_EQ(::mkfifo(name.segment_file().c_str(), 0600), 0);
  expect_refused([&] { map_type(twinmap::open_only, name); }, errc::permission_denied);
  expect_refused([&] { map_type(twinmap::open_read_only, name); }, errc::permission_denied);
  expect_refused([&] { map_type(twinmap::open_or_create, name); }, errc::permission_denied);
}

TEST_F(Refused, AFileOfAnotherUserUnlessTrusted) {
  TWINMAP_REQUIRE_PRIVILEGE(change_user);
  constexpr uid_t stranger = 23456;
  test_support::child maker = test_support::as_user(stranger, stranger, {}, [&] { make_map(); });
  ASSERT_EQ(maker.wait(), 0);
  expect_all_modes_refuse(errc::permission_denied);
  map_type trusting(twinmap::open_only, name, {.trusted_owner = stranger});
  EXPECT_EQ(trusting.load("key"), 42u);
}

TEST_F(Refused, ThoseWhoseGroupIsGrantedNothing) {
  TWINMAP_REQUIRE_PRIVILEGE(change_user);
  constexpr gid_t group = 34567;
  twinmap::options settings{.mode = 0640, .group = group};
  make_map(settings);
  test_support::child member = test_support::as_user(23456, group, {group}, [&] {
    EXPECT_EQ(map_type(twinmap::open_read_only, name).load("key"), 42u);
    expect_refused([&] { map_type(twinmap::open_only, name); }, errc::permission_denied);
  });
  EXPECT_EQ(member.wait(), 0);
  test_support::child other = test_support::as_user(23456, 23456, {}, [&] {
    expect_refused([&] { map_type(twinmap::open_read_only, name); }, errc::permission_denied);
  });
  EXPECT_EQ(other.wait(), 0);
}

TEST_F(Refused, AWorldWritableFile) {
  make_map();
  ASSERT_EQ(::chmod(name.segment_file().c_str(), 0666), 0);
  expect_all_modes_refuse(errc::permission_denied);
}

TEST_F(Refused, ABadName) {
  const std::vector<std::string> bad{"",       ".",
                                     "..",     "a/b",
                                     "/a",     "a b",
                                     "a\nb",   "größe",
                                     "a*",     std::string(201, 'x'),
                                     "a.lock", std::string("a\0b", 3)};
  for (const std::string& one : bad) {
    expect_refused([&] { map_type(twinmap::open_or_create, one); }, errc::invalid_name);
    expect_refused([&] { map_type(twinmap::open_read_only, one); }, errc::invalid_name);
    expect_refused([&] { twinmap::remove(one); }, errc::invalid_name);
  }
  const test_support::scoped_name longest(test_support::default_directory(),
                                          test_support::unique_name() + std::string(200, 'x'));
  const std::string two_hundred = longest.str().substr(0, 200);
  const test_support::scoped_name usable(test_support::default_directory(), two_hundred);
  EXPECT_TRUE(map_type(twinmap::create_only, usable, {.max_bytes = 4u << 20}));
}

TEST_F(Refused, AMissingMapAndATakenName) {
  expect_refused([&] { map_type(twinmap::open_only, name); }, errc::not_found, {name.str()});
  expect_refused([&] { map_type(twinmap::open_read_only, name); }, errc::not_found, {name.str()});
  make_map();
  expect_refused([&] { map_type(twinmap::create_only, name); }, errc::already_exists, {name.str()});
}

}  // namespace
}  // namespace process_tests
