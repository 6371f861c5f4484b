// twinmap itself, with handles that may write and with handles that may not. Both types are
// std::string, all options but the size at their defaults.

#include <twinmap/map.hpp>

#include "../driver.hpp"

namespace {

using bench::shapes::text_sequence;

class twinmap_map {
 public:
  static constexpr std::string_view name = "twinmap";
  static constexpr bool between_processes = true;
  static constexpr bool has_read_only = true;
  static constexpr int most_workers = bench::most_workers;

  twinmap_map(const bench::place& where, bench::opening how) : map_(open(where, how)) {}
  static void remove(const bench::place& where) { twinmap::remove(where.name, options_for(where)); }

  bool load(std::string_view key, std::string& out) const { return map_.load(key, out); }
  void store(std::string_view key, std::string_view value) { map_.store(key, value); }
  std::uint64_t size() const { return map_.size(); }

  /// Looks keys up as a program would, until the misses have made dirty read. They are counted in
  /// batches, so a handful of keys needs more than one lookup each.
  void settle(const text_sequence& keys) {
    const std::uint64_t entries = map_.size();
    for (std::uint64_t lookups = 0; map_.stats().amended; lookups += entries) {
      if (lookups > 4 * entries + 1'000) throw std::runtime_error("promotion never came");
      for (std::uint64_t index = 0; index < entries; ++index)
        map_.contains(keys.present_key(index));
    }
  }

 private:
  using table = twinmap::map<std::string, std::string>;

  static twinmap::options options_for(const bench::place& where) {
    const std::uint64_t payload = where.capacity * where.entry_bytes;
    return {.max_bytes = 2 * payload + where.capacity * 256 + (std::uint64_t{64} << 20),
            .directory = where.directory.string()};
  }
  static table open(const bench::place& where, bench::opening how) {
    const twinmap::options wanted = options_for(where);
    switch (how) {
      case bench::opening::create:
        return table(twinmap::create_only, where.name, wanted);
      case bench::opening::attach:
        return table(twinmap::open_only, where.name, wanted);
      case bench::opening::read_only:
        return table(twinmap::open_read_only, where.name, wanted);
    }
    throw std::logic_error("an opening that does not exist");
  }

  table map_;
};

}  // namespace

int main(int argc, char** argv) {
  return bench::shapes::run_text_rival<twinmap_map>(argc, argv);
}
