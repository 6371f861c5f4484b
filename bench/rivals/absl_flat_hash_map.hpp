#pragma once

// absl::flat_hash_map in private memory without any synchronisation: what a lookup costs when
// nothing is shared. It is the limit, not a rival.

#include <absl/container/flat_hash_map.h>

#include "../rival.hpp"

namespace bench {

class absl_flat_hash_map {
 public:
  static constexpr std::string_view name = "absl";
  static constexpr bool between_processes = false;
  static constexpr bool has_read_only = false;
  static constexpr int most_workers = 1;

  absl_flat_hash_map(const place&, opening) {}
  static void remove(const place&) {}

  bool load(std::uint64_t key, std::uint64_t& out) const {
    const auto found = map_.find(key);
    if (found == map_.end()) return false;
    out = found->second;
    return true;
  }
  void store(std::uint64_t key, std::uint64_t value) { map_.insert_or_assign(key, value); }
  std::uint64_t size() const { return map_.size(); }
  void settle() {}

 private:
  absl::flat_hash_map<std::uint64_t, std::uint64_t> map_;
};

}  // namespace bench
