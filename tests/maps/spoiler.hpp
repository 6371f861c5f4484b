// Garbage in a map's segment: a map worth spoiling, the one who spoils it, and what then is done
// with it, where any answer and any twinmap::error will do.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <maps/raw_map.hpp>
#include <maps/self_verifying.hpp>
#include <twinmap/storage/layout.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace test_maps {

using victim_map = raw_map<std::string, std::string>;
inline constexpr std::uint64_t victim_keys = 2'000;

inline std::string key_of(std::uint64_t i) {
  return std::string(i % 40, 'k') + std::to_string(i);  // some in the slot, some in the heap
}

inline void make_victim(const std::string& name, const std::string& directory = {},
                        std::uint64_t max_bytes = 8u << 20) {
  raw_settings settings;
  settings.directory = directory;
  settings.max_bytes = max_bytes;
  victim_map map(attach_mode::create_only, name, settings);
  const auto store = [&](std::uint64_t i) {
    std::string value(i % 5 == 0 ? 7 : i % 300, '\0');
    fill_self_verifying(value, i);
    map.store(key_of(i), value);
  };
  for (std::uint64_t i = 0; i < victim_keys / 2; ++i)
    store(i);
  map.promote();
  for (std::uint64_t i = victim_keys / 2; i < victim_keys; ++i)
    store(i);
  for (std::uint64_t i = 0; i < victim_keys; i += 17)
    map.erase(key_of(i));
}

inline std::uint64_t spoilt(std::uint64_t word, random_source& random) {
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
      words(offsetof(twinmap::storage::segment_header, roots),
            sizeof(twinmap::storage::segment_header::roots), 40);
    if (where == target::locked)
      words(offsetof(twinmap::storage::segment_header, locked),
            sizeof(twinmap::storage::segment_header) -
                offsetof(twinmap::storage::segment_header, locked),
            40);
  }
  [[nodiscard]] const twinmap::storage::header_constant& constant() const { return constant_; }
  template <class T>
  [[nodiscard]] T read(std::uint64_t offset) const {
    T value{};
    EXPECT_EQ(::pread(file_, &value, sizeof value, static_cast<off_t>(offset)),
              static_cast<ssize_t>(sizeof value));
    return value;
  }
  // Only where there is memory: on a full file system a hole cannot be written.
  template <class T>
  void write(std::uint64_t offset, T value) {
    EXPECT_EQ(::pwrite(file_, &value, sizeof value, static_cast<off_t>(offset)),
              static_cast<ssize_t>(sizeof value));
  }
  // A little of the heap and of the slots, for a map that is in use.
  void spoil_a_little() {
    words(constant_.heap.offset, 64u << 10, 1);
    words(constant_.slots.offset, 64u << 10, 1);
  }

 private:
  void in(const twinmap::storage::region& r, std::uint64_t share) {
    words(r.offset, std::min<std::uint64_t>(r.length, 1u << 20), share);
  }
  // `share` of every 100 words that are not zero.
  void words(std::uint64_t offset, std::uint64_t length, std::uint64_t share) {
    std::vector<std::uint64_t> part(length / 8);
    const ssize_t got = ::pread(file_, part.data(), length, static_cast<off_t>(offset));
    for (std::size_t i = 0; i < static_cast<std::size_t>(got) / 8; ++i) {
      if (part[i] == 0 || random_.below(100) >= share) continue;
      const std::uint64_t garbage = spoilt(part[i], random_);
      EXPECT_EQ(::pwrite(file_, &garbage, 8, static_cast<off_t>(offset + i * 8)), 8);
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

inline void read_everything(const victim_map& map, std::chrono::steady_clock::time_point deadline) {
  harmless([&] { map.count(); });
  harmless([&] { map.size(); });
  harmless([&] { map.stats(true); });
  harmless([&] { map.check(); });
  for (std::uint64_t i = 0; i < 2 * victim_keys && std::chrono::steady_clock::now() < deadline; ++i)
    harmless([&] { map.load(key_of(i)); });
}

inline void write_everything(victim_map& map, std::chrono::steady_clock::time_point deadline,
                             random_source& random) {
  for (std::uint64_t i = 0; std::chrono::steady_clock::now() < deadline && i < victim_keys; ++i) {
    const std::string key = key_of(random.below(2 * victim_keys));
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

}  // namespace test_maps
