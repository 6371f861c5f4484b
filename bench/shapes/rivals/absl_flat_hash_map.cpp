// absl::flat_hash_map of std::string in private memory without any synchronisation: the limit, not
// a rival.

#include <absl/container/flat_hash_map.h>
#include <absl/strings/string_view.h>

#include "../driver.hpp"

namespace {

class absl_flat_hash_map {
 public:
  static constexpr std::string_view name = "absl";
  static constexpr bool between_processes = false;
  static constexpr bool has_read_only = false;
  static constexpr int most_workers = 1;

  absl_flat_hash_map(const bench::place&, bench::opening) {}
  static void remove(const bench::place&) {}

  bool load(std::string_view key, std::string& out) const {
    const auto found = map_.find(view_of(key));
    if (found == map_.end()) return false;
    out = found->second;
    return true;
  }
  void store(std::string_view key, std::string_view value) {
    map_.try_emplace(view_of(key)).first->second = value;
  }
  std::uint64_t size() const { return map_.size(); }
  void settle(const bench::shapes::text_sequence&) {}

 private:
  /// Debian's Abseil is built as C++14 and has a string_view of its own.
  static absl::string_view view_of(std::string_view text) { return {text.data(), text.size()}; }

  absl::flat_hash_map<std::string, std::string> map_;
};

}  // namespace

int main(int argc, char** argv) {
  return bench::shapes::run_text_rival<absl_flat_hash_map>(argc, argv);
}
