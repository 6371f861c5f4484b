// P6: whatever the segment holds, a reader neither crashes nor hangs nor reads outside its mapping,
// and no operation writes outside it: the worst case is a wrong answer or a clear error. Done on
// copies of a live segment into which words of garbage are written behind the header.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <maps/spoiler.hpp>
#include <support/child.hpp>
#include <support/names.hpp>
#include <support/privilege.hpp>
#include <twinmap/storage/seal.hpp>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

namespace process_tests {
namespace {

using test_maps::attach_mode;
using test_maps::harmless;
using test_maps::make_victim;
using test_maps::random_source;
using test_maps::read_everything;
using test_maps::spoiler;
using test_maps::target;
using test_maps::write_everything;
using map_type = test_maps::victim_map;

// Copies what is there and leaves holes where there are holes.
void copy_sparse(const std::filesystem::path& from, const std::filesystem::path& to) {
  const int in = ::open(from.c_str(), O_RDONLY | O_CLOEXEC);
  const int out = ::open(to.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  ASSERT_GE(in, 0);
  ASSERT_GE(out, 0);
  ASSERT_EQ(::ftruncate(out, static_cast<off_t>(std::filesystem::file_size(from))), 0);
  std::vector<char> part;
  for (off_t at = ::lseek(in, 0, SEEK_DATA); at >= 0; at = ::lseek(in, at, SEEK_DATA)) {
    const off_t end = ::lseek(in, at, SEEK_HOLE);
    part.resize(static_cast<std::size_t>(end - at));
    ASSERT_EQ(::pread(in, part.data(), part.size(), at), end - at);
    ASSERT_EQ(::pwrite(out, part.data(), part.size(), at), end - at) << std::strerror(errno);
    at = end;
  }
  ::close(in);
  ::close(out);
}

class Garbage : public testing::TestWithParam<target> {
 protected:
  // Copies the victim, spoils the copy, and lets a child of its own meet it.
  template <class Body>
  void on_spoilt_copies(int copies, Body body) {
    const test_support::scoped_name victim;
    make_victim(victim);
    for (int copy = 0; copy < copies; ++copy) {
      const test_support::scoped_name spoilt;
      copy_sparse(victim.segment_file(), spoilt.segment_file());
      const std::uint64_t seed =
          static_cast<std::uint64_t>(copy) * 100 + static_cast<std::uint64_t>(GetParam());
      random_source random(seed);
      spoiler(spoilt.segment_file(), seed).spoil(GetParam());
      test_support::child one([&] { body(spoilt.str(), random); });
      const auto ended = one.wait(std::chrono::seconds(20));
      EXPECT_EQ(ended, 0) << "copy " << copy;
      EXPECT_FALSE(ended.timed_out) << "hangs on copy " << copy;
    }
  }
  static std::chrono::steady_clock::time_point soon() {
    return std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  }
};

TEST_P(Garbage, HarmsNoReader) {
  on_spoilt_copies(test_support::rounds(6, 60), [](const std::string& name, random_source&) {
    harmless([&] {
      const map_type map(attach_mode::open_read_only, name);
      read_everything(map, soon());
    });
  });
}

TEST_P(Garbage, MakesNoWriterWriteElsewhere) {
  on_spoilt_copies(test_support::rounds(6, 60), [](const std::string& name, random_source& random) {
    harmless([&] {
      test_maps::raw_settings settings;
      settings.lock_timeout = std::chrono::milliseconds(20);
      map_type map(attach_mode::open_only, name, settings);
      write_everything(map, soon(), random);
      read_everything(map, soon());
    });
  });
}

std::string target_name(const testing::TestParamInfo<target>& each) {
  switch (each.param) {
    case target::slots:
      return "InSlots";
    case target::heap:
      return "InTheHeap";
    case target::chunk_table:
      return "InTheChunkTable";
    case target::owners:
      return "InOwnerPairs";
    case target::hashes:
      return "InHashes";
    case target::roots:
      return "InRoots";
    case target::locked:
      return "InLockedFields";
    case target::leases:
      return "InLeases";
    case target::everything:
      return "Everywhere";
  }
  return "?";
}

INSTANTIATE_TEST_SUITE_P(Words, Garbage,
                         testing::Values(target::slots, target::heap, target::chunk_table,
                                         target::owners, target::hashes, target::roots,
                                         target::locked, target::leases, target::everything),
                         target_name);

// Roots that say too little or too much, met by a handle that has not looked anything up before and
// keeps nothing of a sound one.
TEST(GarbageLater, InTheReadRootHarmsNoFreshHandle) {
  constexpr std::uint64_t roots[] = {0, 1, 1u << 26, 1u << 27, ~0ull, ~0ull << 40};
  for (const std::uint64_t root : roots) {
    const test_support::scoped_name name;
    make_victim(name);
    spoiler(name.segment_file(), 1)
        .write(offsetof(twinmap::storage::segment_header, roots.read), root);
    test_support::child reader([&] {
      harmless([&] {
        const map_type map(attach_mode::open_read_only, name);
        for (std::uint64_t i = 0; i < 3; ++i)
          harmless([&] { map.load(test_maps::key_of(i)); });
      });
    });
    EXPECT_EQ(reader.wait(std::chrono::seconds(20)), 0) << root;
  }
}

// Not garbage but malice: a number of owner pairs with the right check, far beyond the chunk's own.
TEST(GarbageLater, ForgedPairsLeadNoSweepOutOfTheChunk) {
  const test_support::scoped_name name;
  test_maps::raw_settings settings;
  settings.max_bytes = 1u << 20;
  {
    map_type map(attach_mode::create_only, name, settings);
    map.store("key", std::string(1'000, 'v'));
  }
  using twinmap::storage::chunk_record;
  spoiler forger(name.segment_file(), 1);
  const auto& constant = forger.constant();
  constexpr std::uint16_t pairs = 65'535;
  for (std::uint32_t chunk = 0; chunk < constant.chunks; ++chunk) {
    const std::uint64_t at = constant.chunk_table.offset + chunk * sizeof(chunk_record);
    forger.write(at + offsetof(chunk_record, pairs), pairs);
    forger.write(at + offsetof(chunk_record, pairs_check),
                 twinmap::storage::check_of(constant.uuid[0], twinmap::storage::sealed::pairs,
                                            chunk, pairs));
  }
  test_support::child sweeper([&] {
    harmless([&] {
      map_type map(attach_mode::open_only, name, settings);
      map.sweep();
      map.check();
    });
  });
  EXPECT_EQ(sweeper.wait(std::chrono::seconds(20)), 0);
}

// While a reader is in the midst of its work.
TEST(GarbageLater, WrittenUnderARunningReaderHarmsItNot) {
  const test_support::scoped_name name;
  make_victim(name);
  for (int round = 0; round < test_support::rounds(4, 40); ++round) {
    const test_support::scoped_name spoilt;
    copy_sparse(name.segment_file(), spoilt.segment_file());
    test_support::child reader([&] {
      const map_type map(attach_mode::open_read_only, spoilt);
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(600);
      while (std::chrono::steady_clock::now() < deadline)
        read_everything(map, deadline);
    });
    spoiler garbage(spoilt.segment_file(), static_cast<std::uint64_t>(round) + 1);
    for (int part = 0; part < 40; ++part) {
      garbage.spoil_a_little();
      ::usleep(10'000);
    }
    const auto ended = reader.wait(std::chrono::seconds(20));
    EXPECT_EQ(ended, 0);
  }
}

}  // namespace
}  // namespace process_tests
