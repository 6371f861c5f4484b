// Libraries of different versions on one map. processes/what_is_no_sound_map_is_refused.cpp has
// each reason for itself; here is what programs of two versions meet that run side by side.

#include <gtest/gtest.h>
#include <lifecycle/whole_map.hpp>
#include <maps/segment_bytes.hpp>
#include <maps/self_verifying.hpp>
#include <support/names.hpp>
#include <twinmap/storage/plan.hpp>

#include <sys/stat.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

namespace lifecycle_test {
namespace {

using twinmap::errc;
using twinmap::storage::format_version;
using twinmap::storage::header_constant;

constexpr std::uint64_t unknown_feature = 1ull << 40;

std::string contents(const std::filesystem::path& file) {
  std::string bytes(std::filesystem::file_size(file), '\0');
  std::ifstream(file, std::ios::binary)
      .read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return bytes;
}

struct refusal {
  std::error_code code;
  std::string text;
};

template <class Tag>
refusal attach(Tag tag, const std::string& name) {
  try {
    text_map(tag, name, {.max_bytes = 4u << 20});
    return {};
  } catch (const twinmap::error& e) {
    return {e.code(), e.what()};
  }
}

class Versions : public testing::Test {
 protected:
  Versions() { map.store(1, "one"); }
  void edit_header(const std::function<void(header_constant&)>& edit) const {
    const test_maps::segment_bytes segment(name.segment_file());
    header_constant& header = segment.header().constant;
    edit(header);
    header.checksum = twinmap::storage::header_checksum(header);
  }
  // Refused whatever it is attached for, with both versions in the text, and left as it is.
  void expect_both_versions_named(std::uint64_t there, std::uint64_t here) const {
    const std::string before = contents(name.segment_file());
    for (const refusal& got :
         {attach(twinmap::open_only, name), attach(twinmap::open_or_create, name),
          attach(twinmap::open_read_only, name)}) {
      EXPECT_EQ(got.code, errc::incompatible_layout) << got.text;
      EXPECT_NE(got.text.find("version is " + std::to_string(there)), std::string::npos)
          << got.text;
      EXPECT_NE(got.text.find("expected " + std::to_string(here)), std::string::npos) << got.text;
      EXPECT_NE(got.text.find(name.str()), std::string::npos) << got.text;
    }
    EXPECT_TRUE(contents(name.segment_file()) == before) << "the refused file was changed";
    bool listed = false;
    for (const twinmap::map_info& info : twinmap::list())
      listed =
          listed || (info.name == name.str() && info.error.find("version") != std::string::npos);
    EXPECT_TRUE(listed) << "list does not say what is wrong with it";
  }

  const test_support::scoped_name name;
  text_map map{twinmap::create_only, name, {.max_bytes = 4u << 20}};
};

// Another version may have another header: what follows the version is anything, the checksum too.
TEST_F(Versions, OlderAndNewerOnesAreToldBeforeAnythingElseIsBelieved) {
  map.close();
  const std::string sound = contents(name.segment_file());
  for (const std::uint32_t other : {1u, format_version - 1, format_version + 1, 77u}) {
    SCOPED_TRACE(other);
    edit_header([&](header_constant& header) { header.version = other; });
    expect_both_versions_named(other, format_version);
    {
      const test_maps::segment_bytes segment(name.segment_file());
      constexpr std::size_t behind = offsetof(header_constant, layout_hash);
      test_maps::random_source random(other);
      for (std::size_t at = behind; at != sizeof(header_constant); ++at)
        segment.base()[at] = static_cast<std::byte>(random() & 0xFF);
    }
    expect_both_versions_named(other, format_version);
    std::ofstream(name.segment_file(), std::ios::binary | std::ios::trunc) << sound;
  }
  EXPECT_EQ(text_map(twinmap::open_only, name).load(1), "one");
}

TEST_F(Versions, AMapOfAnotherOneCanBeRemovedAndMadeAnew) {
  map.close();
  edit_header([](header_constant& header) { ++header.version; });
  EXPECT_EQ(attach(twinmap::create_only, name).code, errc::already_exists);
  EXPECT_TRUE(twinmap::remove(name));
  EXPECT_EQ(attach(twinmap::create_only, name).code, std::error_code());
}

// Which of the two words says that an unknown feature is there, and who may still attach.
TEST_F(Versions, AnUnknownFeatureConcernsWhoItSaysItConcerns) {
  struct feature {
    std::uint64_t header_constant::*word;
    bool readers;
    bool writers;
    const char* name;
  };
  const feature features[] = {
      {&header_constant::compatible_features, true, true, ""},
      {&header_constant::read_only_compatible_features, true, false,
       "read_only_compatible_features"},
      {&header_constant::incompatible_features, false, false, "incompatible_features"},
  };
  for (const feature& one : features) {
    SCOPED_TRACE(one.name);
    edit_header([&](header_constant& header) { header.*one.word |= unknown_feature; });
    const refusal reading = attach(twinmap::open_read_only, name);
    const refusal writing = attach(twinmap::open_only, name);
    EXPECT_EQ(!reading.code, one.readers) << reading.text;
    EXPECT_EQ(!writing.code, one.writers) << writing.text;
    for (const refusal& got : {reading, writing}) {
      if (!got.code) continue;
      EXPECT_EQ(got.code, errc::incompatible_layout);
      EXPECT_NE(got.text.find(one.name), std::string::npos) << got.text;
      EXPECT_NE(got.text.find(std::to_string(unknown_feature)), std::string::npos) << got.text;
    }
    edit_header([&](header_constant& header) { header.*one.word = 0; });
  }
}

// Who is attached has checked; a newer program that adds a feature for later ones disturbs nobody.
TEST_F(Versions, AFeatureThatComesLaterDisturbsNobodyWhoIsAttached) {
  const text_map view(twinmap::open_read_only, name);
  edit_header([](header_constant& header) { header.compatible_features |= unknown_feature; });
  text_map late(twinmap::open_only, name);
  late.store(2, "two");
  map.store(3, "three");
  for (const text_map* const one : std::initializer_list<const text_map*>{&map, &late, &view}) {
    EXPECT_EQ(one->load(2), "two");
    EXPECT_EQ(one->load(3), "three");
    EXPECT_EQ(twinmap::check(*one).findings, std::vector<std::string>{});
  }
}

// The lock file has a version of its own.
TEST_F(Versions, ALockFileOfAnotherOneIsToldToo) {
  map.close();
  struct {
    char magic[8];
    std::uint64_t version;
  } header{};
  std::fstream file(name.lock_file(), std::ios::binary | std::ios::in | std::ios::out);
  ASSERT_TRUE(file.read(reinterpret_cast<char*>(&header), sizeof header));
  ASSERT_EQ(header.version, 1u);
  header.version = 2;
  file.seekp(0).write(reinterpret_cast<const char*>(&header), sizeof header);
  file.close();
  const std::string before = contents(name.lock_file());
  const refusal got = attach(twinmap::open_only, name);
  EXPECT_EQ(got.code, errc::incompatible_layout) << got.text;
  EXPECT_NE(got.text.find("version is 2, expected 1"), std::string::npos) << got.text;
  EXPECT_EQ(contents(name.lock_file()), before);
  EXPECT_EQ(text_map(twinmap::open_read_only, name).load(1), "one") << "readers need no lock file";
}

// Code that was inlined into a program relies on the layout of what the library made.
TEST_F(Versions, AProgramCompiledWithOtherHeadersIsRefused) {
  const auto request = twinmap::detail::make_request(attach_mode::open_only, name, {});
  EXPECT_TRUE(twinmap::detail::attach(request, twinmap::detail::header_layout));
  for (const std::uint64_t other : {twinmap::detail::header_layout ^ 1, std::uint64_t{0}}) {
    try {
      twinmap::detail::attach(request, other);
      ADD_FAILURE() << "was attached";
    } catch (const twinmap::error& e) {
      EXPECT_EQ(e.code(), errc::incompatible_layout);
      EXPECT_NE(std::string(e.what()).find("headers"), std::string::npos) << e.what();
    }
  }
}

}  // namespace
}  // namespace lifecycle_test
