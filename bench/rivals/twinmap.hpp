#pragma once

// twinmap itself, with handles that may write and with handles that may not.

#include <stdexcept>
#include <twinmap/map.hpp>

#include "../keys.hpp"
#include "../rival.hpp"

namespace bench {

/// `huge_pages`: the map asks for them.
template <bool huge_pages>
class twinmap_of {
 public:
  static constexpr std::string_view name = huge_pages ? "twinmap_huge" : "twinmap";
  static constexpr bool between_processes = true;
  static constexpr bool has_read_only = true;
  static constexpr int most_workers = bench::most_workers;

  twinmap_of(const place& where, opening how) : map_(open(where, how)) {}
  static void remove(const place& where) { twinmap::remove(where.name, options_for(where)); }

  bool load(std::uint64_t key, std::uint64_t& out) const { return map_.load(key, out); }
  std::size_t load_many(std::span<const std::uint64_t> keys,
                        std::span<std::optional<std::uint64_t>> values) const {
    return map_.load_many(keys, values);
  }
  void store(std::uint64_t key, std::uint64_t value) { map_.store(key, value); }
  std::uint64_t size() const { return map_.size(); }

  /// Looks keys up as a program would, until the misses have made dirty read. They are counted in
  /// batches, so a handful of keys needs more than one lookup each.
  void settle() {
    const std::uint64_t keys = map_.size();
    for (std::uint64_t lookups = 0; map_.stats().amended; lookups += keys) {
      if (lookups > 4 * keys + 1'000) throw std::runtime_error("promotion never came");
      for (std::uint64_t index = 0; index < keys; ++index) {
        map_.contains(present_key(index));
      }
    }
  }

  std::uint64_t promotions() const { return map_.stats().promotions; }
  /// Read, and dirty if it is there.
  int complete_tables() const {
    const twinmap::map_stats now = map_.stats();
    return now.dirty_words >= now.entries ? 2 : 1;
  }
  /// Of slots, tables, leases and header; not the allocator's own records.
  std::uint64_t bytes_used() const { return map_.stats().bytes_used; }
  std::uint64_t bytes_resident() const { return map_.stats().bytes_committed; }

 private:
  using table = twinmap::map<std::uint64_t, std::uint64_t>;

  static twinmap::options options_for(const place& where) {
    return {.max_bytes = where.capacity * 256 + (std::uint64_t{64} << 20),
            .huge_pages = huge_pages,
            .directory = where.directory.string()};
  }
  static table open(const place& where, opening how) {
    const twinmap::options wanted = options_for(where);
    switch (how) {
      case opening::create:
        return table(twinmap::create_only, where.name, wanted);
      case opening::attach:
        return table(twinmap::open_only, where.name, wanted);
      case opening::read_only:
        return table(twinmap::open_read_only, where.name, wanted);
    }
    throw std::logic_error("an opening that does not exist");
  }

  table map_;
};

using twinmap_map = twinmap_of<false>;

}  // namespace bench
