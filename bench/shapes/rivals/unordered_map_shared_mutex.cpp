// std::unordered_map of std::string under a std::shared_mutex, looked up by std::string_view.
// Private memory, threads.

#include <functional>
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

  bool load(std::string_view key, std::string& out) const {
    const std::shared_lock lock(mutex_);
    const auto found = map_.find(key);
    if (found == map_.end()) return false;
    out = found->second;
    return true;
  }
  void store(std::string_view key, std::string_view value) {
    const std::unique_lock lock(mutex_);
    const auto found = map_.find(key);
    if (found != map_.end()) {
      found->second = value;
    } else {
      map_.emplace(key, value);
    }
  }
  std::uint64_t size() const {
    const std::shared_lock lock(mutex_);
    return map_.size();
  }
  void settle(const bench::shapes::text_sequence&) {}

 private:
  struct text_hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, std::string, text_hash, std::equal_to<>> map_;
};

}  // namespace

int main(int argc, char** argv) {
  return bench::shapes::run_text_rival<unordered_map_shared_mutex>(argc, argv);
}
