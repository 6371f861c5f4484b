#pragma once

// tbb::concurrent_hash_map: a lock per bucket, and one per element that an accessor holds. Private
// memory, threads.

#include <tbb/concurrent_hash_map.h>

#include "../rival.hpp"

namespace bench {

class tbb_concurrent_hash_map {
 public:
  static constexpr std::string_view name = "tbb";
  static constexpr bool between_processes = false;
  static constexpr bool has_read_only = false;
  static constexpr bool has_own_allocator = true;  // tbbmalloc, where that is installed
  static constexpr int most_workers = bench::most_workers;

  tbb_concurrent_hash_map(const place&, opening) {}
  static void remove(const place&) {}

  bool load(std::uint64_t key, std::uint64_t& out) const {
    table::const_accessor found;
    if (!map_.find(found, key)) return false;
    out = found->second;
    return true;
  }
  void store(std::uint64_t key, std::uint64_t value) {
    table::accessor slot;
    map_.insert(slot, key);
    slot->second = value;
  }
  std::uint64_t size() const { return map_.size(); }
  void settle() {}

 private:
  using table = tbb::concurrent_hash_map<std::uint64_t, std::uint64_t>;
  table map_;
};

}  // namespace bench
