// P6: whatever the segment holds, a reader neither crashes nor hangs nor reads outside its mapping,
// and no operation writes outside it: the worst case is a wrong answer or a clear error. Done on
// copies of a live segment into which words of garbage are written behind the header.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <maps/raw_map.hpp>
#include <maps/self_verifying.hpp>
#include <support/child.hpp>
#include <support/names.hpp>
#include <support/privilege.hpp>
#include <support/sandbox.hpp>
#include <twinmap/storage/layout.hpp>

#include <algorithm>
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
using test_maps::random_source;
using map_type = test_maps::raw_map<std::string, std::string>;
using twinmap::storage::region;
using twinmap::storage::segment_header;

constexpr std::uint64_t keys = 2'000;

std::string key_of(std::uint64_t i) {
  return std::string(i % 40, 'k') + std::to_string(i);  // some in the slot, some in the heap
}

void make_victim(const std::string& name, const std::string& directory = {}) {
  test_maps::raw_settings settings;
  settings.directory = directory;
  settings.max_bytes = 8u << 20;
  map_type map(attach_mode::create_only, name, settings);
  const auto store = [&](std::uint64_t i) {
    std::string value(i % 5 == 0 ? 7 : i % 300, '\0');
    test_maps::fill_self_verifying(value, i);
    map.store(key_of(i), value);
  };
  for (std::uint64_t i = 0; i < keys / 2; ++i)
    store(i);
  map.promote();
  for (std::uint64_t i = keys / 2; i < keys; ++i)
    store(i);
  for (std::uint64_t i = 0; i < keys; i += 17)
    map.erase(key_of(i));
}

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

std::uint64_t spoilt(std::uint64_t word, random_source& random) {
  const std::uint64_t garbage = random();
  switch (random.below(4)) {
    case 0:
      return garbage;
    case 1:
      return word ^ (1ull << (garbage % 64));
    case 2:
      return (word & 0xFF) | (garbage << 8);  // keeps what says which kind of word it is
    default:
      return ~0ull >> (garbage % 64);
  }
}

enum class target { slots, heap, chunk_table, owners, hashes, roots, locked, leases, everything };

// Writes garbage into a segment's file, past every check, and without reading or filling a hole.
class spoiler {
 public:
  spoiler(const std::filesystem::path& path, std::uint64_t seed)
      : file_(::open(path.c_str(), O_RDWR | O_CLOEXEC)), random_(seed) {
    EXPECT_EQ(::pread(file_, &constant_, sizeof constant_, 0),
              static_cast<ssize_t>(sizeof constant_));
  }
  spoiler(const spoiler&) = delete;
  spoiler& operator=(const spoiler&) = delete;
  ~spoiler() { ::close(file_); }

  void spoil(target where) {
    const bool all = where == target::everything;
    if (where == target::slots || all) in(constant_.slots, 20);
    if (where == target::heap || all) in(constant_.heap, 20);
    if (where == target::chunk_table || all) in(constant_.chunk_table, 50);
    if (where == target::owners || all) in(constant_.owners, 30);
    if (where == target::hashes || all) in(constant_.hashes, 30);
    if (where == target::leases || all) in(constant_.leases, 30);
    if (where == target::roots)
      words(offsetof(segment_header, roots), sizeof(segment_header::roots), 40);
    if (where == target::locked)
      words(offsetof(segment_header, locked),
            sizeof(segment_header) - offsetof(segment_header, locked), 40);
  }
  void put(std::uint64_t offset, std::uint64_t word) {
    EXPECT_EQ(::pwrite(file_, &word, sizeof word, static_cast<off_t>(offset)),
              static_cast<ssize_t>(sizeof word));
  }
  // A little of the heap and of the slots, for a map that is in use.
  void spoil_a_little() {
    words(constant_.heap.offset, 64u << 10, 1);
    words(constant_.slots.offset, 64u << 10, 1);
  }

 private:
  void in(const region& r, std::uint64_t share) {
    words(r.offset, std::min<std::uint64_t>(r.length, 1u << 20), share);
  }
  // `share` of every 100 words that are not zero.
  void words(std::uint64_t offset, std::uint64_t length, std::uint64_t share) {
    std::vector<std::uint64_t> part(length / 8);
    const ssize_t got = ::pread(file_, part.data(), length, static_cast<off_t>(offset));
    for (std::size_t i = 0; i < static_cast<std::size_t>(got) / 8; ++i) {
      if (part[i] == 0 || random_.below(100) >= share) continue;
      const std::uint64_t garbage = spoilt(part[i], random_);
      put(offset + i * 8, garbage);
    }
  }

  int file_;
  random_source random_;
  twinmap::storage::header_constant constant_{};
};

// Any answer and any twinmap::error will do; a signal or a hang ends the child with another code.
template <class Operation>
void harmless(Operation operation) {
  try {
    operation();
  } catch (const twinmap::error&) {
  }
}

void read_everything(const map_type& map, std::chrono::steady_clock::time_point deadline) {
  harmless([&] { map.count(); });
  harmless([&] { map.size(); });
  harmless([&] { map.stats(true); });
  harmless([&] { map.check(); });
  for (std::uint64_t i = 0; i < 2 * keys && std::chrono::steady_clock::now() < deadline; ++i)
    harmless([&] { map.load(key_of(i)); });
}

void write_everything(map_type& map, std::chrono::steady_clock::time_point deadline,
                      random_source& random) {
  for (std::uint64_t i = 0; std::chrono::steady_clock::now() < deadline && i < keys; ++i) {
    const std::string key = key_of(random.below(2 * keys));
    const std::string value(random.below(400), 'v');
    harmless([&] {
      switch (random.below(6)) {
        case 0:
          return map.store(key, value);
        case 1:
          return static_cast<void>(map.erase(key));
        case 2:
          return static_cast<void>(map.exchange(key, value));
        case 3:
          return static_cast<void>(map.load_or_store(key, value));
        case 4:
          return map.store(std::to_string(random()), value);
        default:
          return static_cast<void>(map.compare_exchange(key, value, "x"));
      }
    });
  }
  harmless([&] { map.promote(); });
  harmless([&] { map.clear(); });
  harmless([&] { map.sweep(); });
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
        .put(offsetof(segment_header, roots) + offsetof(twinmap::storage::header_roots, read),
             root);
    test_support::child reader([&] {
      harmless([&] {
        const map_type map(attach_mode::open_read_only, name);
        for (std::uint64_t i = 0; i < 3; ++i)
          harmless([&] { map.load(key_of(i)); });
      });
    });
    EXPECT_EQ(reader.wait(std::chrono::seconds(20)), 0) << root;
  }
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

// On a full tmpfs a read of a hole is SIGBUS: following one garbage offset too many would show. The
// garbage itself is written without reading or filling any hole. The chunk table stays sound: it
// says which pages there are.
TEST(GarbageLater, OnAFullTmpfsRaisesNoSigbus) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  const auto ended = test_support::in_private_tmpfs(6u << 20, [](const auto& directory) {
    const std::vector<target> targets{target::slots, target::heap,   target::hashes, target::owners,
                                      target::roots, target::locked, target::leases};
    for (int round = 0; round < test_support::rounds(21, 210); ++round) {
      const test_support::scoped_name name(directory);
      make_victim(name, directory.string());
      const test_support::scoped_name filler(directory, "filler");
      const int file = ::open(filler.segment_file().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
      const std::vector<char> page(4096, 'f');
      while (::write(file, page.data(), page.size()) > 0) {
      }
      ASSERT_EQ(errno, ENOSPC);
      ::close(file);
      spoiler(name.segment_file(), static_cast<std::uint64_t>(round) + 1000)
          .spoil(targets[static_cast<std::size_t>(round) % targets.size()]);
      test_support::child reader([&] {
        harmless([&] {
          test_maps::raw_settings settings;
          settings.directory = directory.string();
          const map_type map(attach_mode::open_read_only, name, settings);
          read_everything(map, std::chrono::steady_clock::now() + std::chrono::milliseconds(300));
        });
      });
      EXPECT_EQ(reader.wait(std::chrono::seconds(20)), 0) << "round " << round;
    }
  });
  EXPECT_EQ(ended, 0);
}

}  // namespace
}  // namespace process_tests
