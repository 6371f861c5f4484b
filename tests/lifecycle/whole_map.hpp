// What must be so once everybody has gone, and what this process holds of a map.
#pragma once

#include <gtest/gtest.h>
#include <maps/raw_map.hpp>
#include <maps/soundness.hpp>
#include <support/names.hpp>
#include <support/shared_page.hpp>
#include <twinmap/admin.hpp>
#include <twinmap/map.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace lifecycle_test {

using text_map = twinmap::map<std::uint64_t, std::string>;
using raw_text_map = test_maps::raw_map<std::uint64_t, std::string>;
using test_maps::attach_mode;

struct held_by_me {
  std::size_t descriptors = 0;
  std::size_t mappings = 0;  // of the map's two files
  friend bool operator==(const held_by_me&, const held_by_me&) = default;
  friend std::ostream& operator<<(std::ostream& out, const held_by_me& what) {
    return out << what.descriptors << " descriptors, " << what.mappings << " mappings";
  }
};

// A file without a name when it was opened has its inode number alone in /proc.
inline held_by_me held_of(const test_support::scoped_name& name) {
  const std::filesystem::directory_iterator open("/proc/self/fd");
  held_by_me found{.descriptors = static_cast<std::size_t>(std::distance(begin(open), end(open)))};
  std::ifstream lines("/proc/self/maps");
  for (std::string line; std::getline(lines, line);)
    found.mappings += line.find(name.directory().string() + "/") != std::string::npos ? 1u : 0u;
  return found;
}

// That as many threads as said can write at once through this handle, and not one more is needed to
// be refused.
template <class Map>
void expect_free_leases(Map& map, std::uint32_t count) {
  std::atomic<std::uint32_t> wrote{0};
  std::atomic<std::uint32_t> refused{0};
  std::atomic<bool> done{false};
  std::vector<std::thread> crew;
  for (std::uint32_t i = 0; i <= count; ++i)
    crew.emplace_back([&, i] {
      std::error_code code;
      map.store(1u << 30 | i, {}, code);
      ++(code ? refused : wrote);
      if (code) {
        EXPECT_EQ(code, twinmap::errc::too_many_writers);
      }
      test_support::eventually([&] { return done.load(); });
    });
  EXPECT_TRUE(test_support::eventually([&] { return wrote + refused == count + 1; }));
  done = true;
  for (std::thread& one : crew)
    one.join();
  EXPECT_EQ(wrote, count);
  EXPECT_EQ(refused, 1u);
}

// With nobody attached: what a sweep cannot find is found here.
inline void expect_whole(const test_support::scoped_name& name) {
  raw_text_map(attach_mode::open_only, name).sweep();
  const raw_text_map inspector(attach_mode::open_read_only, name);
  test_maps::expect_nothing_lost(inspector.check());
  EXPECT_EQ(inspector.count(), inspector.size());
  EXPECT_TRUE(twinmap::protocol::writers(inspector.raw()).empty());
}

}  // namespace lifecycle_test
