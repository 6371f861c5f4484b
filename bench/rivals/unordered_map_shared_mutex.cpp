// std::unordered_map under a std::shared_mutex: what most C++ programs begin with. Private memory,
// threads.

#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "../driver.hpp"

namespace {

class unordered_map_shared_mutex {
 public:
  static constexpr std::string_view name = "unordered_map";
  static constexpr bool between_processes = false;
  static constexpr bool has_read_only = false;
  static constexpr int most_workers = bench::most_workers;

  unordered_map_shared_mutex(const bench::place&, bench::opening) {}
  static void remove(const bench::place&) {}

  bool load(std::uint64_t key, std::uint64_t& out) const {
    const std::shared_lock lock(mutex_);
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
    const std::shared_lock lock(mutex_);
    return map_.size();
  }
  void settle() {}

 private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::uint64_t, std::uint64_t> map_;
};

}  // namespace

int main(int argc, char** argv) {
  return bench::run_rival<unordered_map_shared_mutex>(argc, argv);
}
