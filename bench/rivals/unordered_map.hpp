#pragma once

// std::unordered_map under a mutex of the standard library, not told how large it will be: what
// most C++ programs begin with. Private memory, threads.

#include <mutex>
#include <shared_mutex>
#include <type_traits>
#include <unordered_map>

#include "../rival.hpp"

namespace bench {

/// With a std::shared_mutex lookups share the lock; a std::mutex takes fewer instructions and lets
/// nobody share it.
template <class Mutex>
class unordered_map {
  static constexpr bool shares = std::is_same_v<Mutex, std::shared_mutex>;
  using read_lock = std::conditional_t<shares, std::shared_lock<Mutex>, std::unique_lock<Mutex>>;

 public:
  static constexpr std::string_view name = shares ? "unordered_map" : "unordered_map_mutex";
  static constexpr bool between_processes = false;
  static constexpr bool has_read_only = false;
  static constexpr bool one_lock = true;  // who loads and who stores wait for each other
  static constexpr int most_workers = bench::most_workers;

  unordered_map(const place&, opening) {}
  static void remove(const place&) {}

  bool load(std::uint64_t key, std::uint64_t& out) const {
    const read_lock lock(mutex_);
    const auto found = map_.find(key);
    if (found == map_.end()) return false;
    out = found->second;
    return true;
  }
  void store(std::uint64_t key, std::uint64_t value) {
    const std::unique_lock lock(mutex_);
    map_.insert_or_assign(key, value);
  }
  std::uint64_t size() const {
    const read_lock lock(mutex_);
    return map_.size();
  }
  void settle() {}

 private:
  mutable Mutex mutex_;
  std::unordered_map<std::uint64_t, std::uint64_t> map_;
};

}  // namespace bench
