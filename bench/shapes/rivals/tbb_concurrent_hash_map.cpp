// tbb::concurrent_hash_map of std::string, looked up by std::string_view. Private memory, threads.

#include <tbb/concurrent_hash_map.h>

#include <functional>

#include "../driver.hpp"

namespace {

struct text_compare {
  using is_transparent = void;
  std::size_t hash(std::string_view text) const { return std::hash<std::string_view>()(text); }
  bool equal(std::string_view one, std::string_view other) const { return one == other; }
};

class tbb_concurrent_hash_map {
 public:
  static constexpr std::string_view name = "tbb";
  static constexpr bool between_processes = false;
  static constexpr bool has_read_only = false;
  static constexpr int most_workers = bench::most_workers;

  tbb_concurrent_hash_map(const bench::place&, bench::opening) {}
  static void remove(const bench::place&) {}

  // Not const: in this TBB only `find` with a std::string is.
  bool load(std::string_view key, std::string& out) {
    table::const_accessor found;
    if (!map_.find(found, key)) return false;
    out = found->second;
    return true;
  }
  void store(std::string_view key, std::string_view value) {
    table::accessor slot;
    map_.insert(slot, key);
    slot->second = value;
  }
  std::uint64_t size() const { return map_.size(); }
  void settle(const bench::shapes::text_sequence&) {}

 private:
  using table = tbb::concurrent_hash_map<std::string, std::string, text_compare>;
  table map_;
};

}  // namespace

int main(int argc, char** argv) {
  return bench::shapes::run_text_rival<tbb_concurrent_hash_map>(argc, argv);
}
