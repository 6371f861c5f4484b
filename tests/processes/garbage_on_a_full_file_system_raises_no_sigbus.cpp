// P6 and P7 at once. The file of a map is sparse, and on a full tmpfs to touch a hole of it is
// SIGBUS: following one garbage number too many would show. The garbage is written without reading
// or filling any hole.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <maps/raw_map.hpp>
#include <maps/spoiler.hpp>
#include <support/child.hpp>
#include <support/names.hpp>
#include <support/privilege.hpp>
#include <support/sandbox.hpp>
#include <twinmap/protocol/heap_care.hpp>
#include <twinmap/storage/blocks.hpp>
#include <twinmap/storage/index_table.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace process_tests {
namespace {

using test_maps::attach_mode;
using test_maps::harmless;
using test_maps::random_source;
using test_maps::spoiler;
using test_maps::target;
using test_maps::victim_map;
using twinmap::storage::block_ref;
using twinmap::storage::chunk_entry;
using twinmap::storage::chunk_kind;
using twinmap::storage::chunk_record;
using twinmap::storage::entry_state;
using twinmap::storage::entry_word;
using twinmap::storage::root_word;
using twinmap::storage::segment_header;

std::chrono::steady_clock::time_point soon() {
  return std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
}

void fill(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  const std::vector<char> page(4096, 'f');
  while (::write(file, page.data(), page.size()) > 0) {
  }
  ASSERT_EQ(errno, ENOSPC);
  ::close(file);
}

test_maps::raw_settings settings_for(const test_support::scoped_name& name) {
  test_maps::raw_settings settings;
  settings.directory = name.directory().string();
  settings.lock_timeout = std::chrono::milliseconds(20);
  return settings;
}

// A reader and a writer, each in a process of its own, do all there is to do with the map.
void expect_no_signal(const test_support::scoped_name& name, const std::string& what) {
  test_support::child reader([&] {
    harmless([&] {
      const victim_map map(attach_mode::open_read_only, name, settings_for(name));
      test_maps::read_everything(map, soon());
    });
  });
  EXPECT_EQ(reader.wait(std::chrono::seconds(20)), 0) << "a reader, " << what;
  test_support::child writer([&] {
    random_source random(7);
    harmless([&] {
      victim_map map(attach_mode::open_only, name, settings_for(name));
      test_maps::write_everything(map, soon(), random);
      test_maps::read_everything(map, soon());
    });
  });
  EXPECT_EQ(writer.wait(std::chrono::seconds(20)), 0) << "a writer, " << what;
}

// A map of its own for each round, spoilt once nothing more fits beside it.
void on_a_full_tmpfs(
    int rounds, std::uint64_t max_bytes, const std::function<void(spoiler&, int)>& spoil,
    const std::function<void(const test_support::scoped_name&)>& prepare = [](const auto&) {}) {
  const auto ended = test_support::in_private_tmpfs(6u << 20, [&](const auto& directory) {
    for (int round = 0; round < rounds; ++round) {
      const test_support::scoped_name name(directory);
      test_maps::make_victim(name, directory.string(), max_bytes);
      prepare(name);
      const test_support::scoped_name filler(directory, "filler");
      fill(filler.segment_file());
      spoiler garbage(name.segment_file(), static_cast<std::uint64_t>(round) + 1000);
      spoil(garbage, round);
      expect_no_signal(name, "round " + std::to_string(round));
    }
  });
  EXPECT_EQ(ended, 0);
}

constexpr std::uint64_t large = 256u << 20;  // its regions are many pages, most of them holes
constexpr std::uint64_t roots_at = offsetof(segment_header, roots);

TEST(GarbageOnAFullTmpfs, InAnyRegionRaisesNoSigbus) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  const std::vector<target> targets{target::slots,  target::heap,       target::hashes,
                                    target::owners, target::roots,      target::locked,
                                    target::leases, target::everything, target::chunk_table};
  on_a_full_tmpfs(test_support::rounds(18, 270), 8u << 20, [&](spoiler& garbage, int round) {
    garbage.spoil(targets[static_cast<std::size_t>(round) % targets.size()]);
  });
}

// The number of chunks that have a record which is not all zero.
std::uint64_t chunks_in_use(const spoiler& map) {
  std::uint64_t chunk = 0;
  while (map.read<std::uint64_t>(map.constant().chunk_table.offset +
                                 chunk * sizeof(chunk_record)) != 0)
    ++chunk;
  return chunk;
}

// Every chunk says that it holds blocks, and what stands beside says anything about their owner
// pairs.
TEST(GarbageOnAFullTmpfs, InChunkRecordsClaimsPairsInVain) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  const std::array<chunk_entry, 3> claims{chunk_entry{0}.next(chunk_kind::small, 0),
                                          chunk_entry{0}.next(chunk_kind::run, 1),
                                          chunk_entry{0}.next(chunk_kind::free, 1)};
  on_a_full_tmpfs(6, large, [&](spoiler& map, int round) {
    const std::uint64_t table = map.constant().chunk_table.offset;
    const std::uint64_t chunks = chunks_in_use(map);
    ASSERT_GT(chunks, 4u);
    for (std::uint64_t chunk = 0; chunk != chunks; ++chunk) {
      const std::uint64_t at = table + chunk * sizeof(chunk_record);
      map.write(at, claims[static_cast<std::size_t>(round) % claims.size()].bits);
      if (round >= 3) map.write(at + 8, 0x0000'1000'1000'1000ull);
    }
  });
}

// And slots name blocks there, all over the pairs that a chunk can have.
TEST(GarbageOnAFullTmpfs, InSlotsAndChunkRecordsLeadsToNoPairs) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  on_a_full_tmpfs(2, large, [](spoiler& map, int round) {
    const auto& constant = map.constant();
    const std::uint64_t chunks = chunks_in_use(map);
    const unsigned pairs_shift = constant.chunk_shift - constant.granule_shift;
    for (std::uint64_t chunk = 0; chunk != chunks; ++chunk)
      map.write(constant.chunk_table.offset + chunk * sizeof(chunk_record),
                chunk_entry{0}.next(chunk_kind::small, 0).bits);
    random_source random(static_cast<std::uint64_t>(round));
    for (std::uint64_t number = 1; number <= test_maps::victim_keys; ++number) {
      const std::uint64_t slot = constant.slots.offset + (number << constant.slot_shift);
      if (entry_word{map.read<std::uint64_t>(slot)}.state() != entry_state::live_block) continue;
      const std::uint64_t owner = random.below(chunks << pairs_shift);
      map.write(slot + 8, block_ref::make(static_cast<std::uint32_t>(owner), 20).bits);
    }
  });
}

// Twenty chunks that were given back: free, and holes.
void give_some_back(const test_support::scoped_name& name) {
  victim_map map(attach_mode::open_only, name, settings_for(name));
  for (int i = 0; i < 5; ++i)
    map.store("large " + std::to_string(i), std::string(4u << 16, 'l'));
  for (int i = 0; i < 5; ++i)
    map.erase("large " + std::to_string(i));
  twinmap::protocol::chunk_ages ages(map.raw());
  EXPECT_GE(ages.give_back(std::chrono::nanoseconds{0}, 0), 20u << 16);
}

// Records say that such chunks hold blocks, or that they may be had, and slots name blocks there.
TEST(GarbageOnAFullTmpfs, InRecordsOfChunksThatWereGivenBackLeadsIntoNoHole) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  const std::array<chunk_entry, 3> claims{chunk_entry{0}.next(chunk_kind::small, 0),
                                          chunk_entry{0}.next(chunk_kind::run, 1),
                                          chunk_entry{0}.next(chunk_kind::free, 1)};
  const auto spoil = [&](spoiler& map, int round) {
    const auto& constant = map.constant();
    const unsigned pairs_shift = constant.chunk_shift - constant.granule_shift;
    std::vector<std::uint64_t> holes;
    const std::uint64_t chunks = chunks_in_use(map);
    for (std::uint64_t chunk = 0; chunk != chunks; ++chunk) {
      const std::uint64_t at = constant.chunk_table.offset + chunk * sizeof(chunk_record);
      const auto pairs = map.read<std::uint16_t>(at + offsetof(chunk_record, pairs));
      if ((pairs & twinmap::storage::given_back_bit) == 0) continue;
      holes.push_back(chunk);
      map.write(at, claims[static_cast<std::size_t>(round) % claims.size()].bits);
      // As if the bit had never been set, or with any number of pairs.
      if (round / 3 == 1) map.write(at + offsetof(chunk_record, pairs), std::uint16_t{1});
      if (round / 3 == 2) map.write(at + 8, 0x0000'1000'1000'1000ull);
    }
    ASSERT_GE(holes.size(), 20u);
    random_source random(static_cast<std::uint64_t>(round));
    for (std::uint64_t number = 1; number <= test_maps::victim_keys; ++number) {
      const std::uint64_t slot = constant.slots.offset + (number << constant.slot_shift);
      if (entry_word{map.read<std::uint64_t>(slot)}.state() != entry_state::live_block) continue;
      const std::uint64_t chunk = holes[random.below(holes.size())];
      const std::uint64_t owner = (chunk << pairs_shift) + (round % 3 == 1 ? 0 : random.below(8));
      map.write(slot + 8, block_ref::make(static_cast<std::uint32_t>(owner), 60).bits);
    }
  };
  on_a_full_tmpfs(9, large, spoil, give_some_back);
}

// And so do roots. Only readers: to the holder of the mutex a root is what it says.
TEST(GarbageOnAFullTmpfs, InARootLeadsNoReaderIntoAHole) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  const auto ended = test_support::in_private_tmpfs(6u << 20, [&](const auto& directory) {
    const test_support::scoped_name name(directory);
    test_maps::make_victim(name, directory.string(), large);
    give_some_back(name);
    const test_support::scoped_name filler(directory, "filler");
    fill(filler.segment_file());
    spoiler map(name.segment_file(), 1);
    const auto& constant = map.constant();
    std::uint64_t hole = 0;
    while ((map.read<std::uint16_t>(constant.chunk_table.offset + hole * sizeof(chunk_record) +
                                    offsetof(chunk_record, pairs)) &
            twinmap::storage::given_back_bit) == 0)
      ++hole;
    const auto root = map.read<root_word>(roots_at + 8);
    map.write(
        roots_at + 8,
        root_word::make(hole << constant.chunk_shift, 1000, false, 9).with_amended(root.amended()));
    test_support::child reader([&] {
      harmless([&] {
        const victim_map own(attach_mode::open_read_only, name, settings_for(name));
        for (std::uint64_t i = 0; i < 3; ++i)
          harmless([&] { own.load(test_maps::key_of(i)); });
      });
    });
    EXPECT_EQ(reader.wait(std::chrono::seconds(20)), 0);
  });
  EXPECT_EQ(ended, 0);
}

// What is published as resident is not: alone, with index words and with roots that lead there.
TEST(GarbageOnAFullTmpfs, InThePublishedLimitsIsNotBelieved) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  on_a_full_tmpfs(8, large, [](spoiler& map, int round) {
    const auto& constant = map.constant();
    const std::uint64_t slots_at =
        roots_at + offsetof(twinmap::storage::header_roots, slots_committed);
    const std::uint64_t heap_at =
        roots_at + offsetof(twinmap::storage::header_roots, heap_committed);
    if (round % 2 == 0) {  // as if they were plain numbers, and with what stood in the other half
      map.write(slots_at, constant.max_entries + 1);
      map.write(heap_at, constant.heap.length);
    } else {
      map.write(slots_at, static_cast<std::uint32_t>(constant.max_entries + 1));
      map.write(heap_at, constant.chunks);
    }
    if (round / 2 == 1) map.spoil(target::heap);
    const std::uint64_t far = constant.heap.length / 2 >> constant.chunk_shift
                                                              << constant.chunk_shift;
    if (round / 2 == 2) map.write(roots_at + 8, root_word::make(far, 1000, false, 1).bits);
    if (round / 2 == 3) map.spoil(target::slots);
  });
}

// A root's chunk is looked up when the root goes: its record may lie in a hole.
TEST(GarbageOnAFullTmpfs, InARootLeadsToNoChunkRecord) {
  TWINMAP_REQUIRE_PRIVILEGE(mount_namespace);
  on_a_full_tmpfs(2, large, [](spoiler& map, int round) {
    const auto& constant = map.constant();
    const std::uint64_t last = std::uint64_t{constant.chunks - 1} << constant.chunk_shift;
    const auto root = map.read<root_word>(roots_at + 8);
    ASSERT_TRUE(root.amended());
    map.write(roots_at + 8 + static_cast<std::uint64_t>(round) * 8,
              root_word::make(last, 4, false, root.generation()).with_amended(round == 0));
  });
}

}  // namespace
}  // namespace process_tests
