// Damage to a segment as data: a list of edits, each to a place that means something. So a few
// bytes say what is wrong with an image, a fuzzer's input is small, and what was found can be kept.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace garbage_tests {

// What of a segment an edit changes. Of the parts that grow only what is in use: elsewhere nobody
// would notice.
enum class place : std::uint8_t {
  constant,         // of the header; its checksum then disagrees, and nobody attaches
  sealed_constant,  // the same, and the checksum is made anew: forged, not damaged
  roots,
  locked,  // what the holder of the mutex changes
  counts,
  standby,
  read_table,
  dirty_table,
  entry_words,
  owner_pairs,
  entry_payloads,
  references,  // of entries to the blocks of their values and keys
  entry_keys,  // key lengths, birth numbers, keys
  chunk_records,
  hashes,
  leases,
  hints,  // misses, allocation, care, totals
  heap,
  file,  // its length
  count
};
inline constexpr std::size_t place_count = static_cast<std::size_t>(place::count);

// Header, roots, tables, entry words and owner pairs: what everything else hangs on.
constexpr bool is_vital(place where) {
  return where <= place::owner_pairs;
}

enum class harm : std::uint8_t {
  flip,      // one bit
  set,       // to any number
  add,       // a little
  copy,      // what another word of that place says
  link,      // to something that could stand there: in range, aligned, of another object
  scramble,  // a row of words
  zero,      // likewise
  count
};
inline constexpr std::size_t harm_count = static_cast<std::size_t>(harm::count);

struct edit {
  place where = place::roots;
  harm what = harm::flip;
  std::uint16_t at = 0;  // of 65536 parts of the place
  std::uint64_t value = 0;
  friend bool operator==(const edit&, const edit&) = default;
};

// Which victim, by its number, and what is done to it.
struct damage {
  std::uint8_t victim = 0;
  std::vector<edit> edits;
  friend bool operator==(const damage&, const damage&) = default;
};

// The same damage for the same seed, for ever.
damage drawn_damage(std::uint8_t victim, std::uint64_t seed);

// As a fuzzer has it: any bytes mean something, 12 an edit.
std::vector<std::uint8_t> packed(const damage& what);
damage unpacked(std::span<const std::uint8_t> bytes);

// As people have it: a victim's name, then an edit a line. Throws std::invalid_argument.
std::ostream& operator<<(std::ostream& out, const edit& one);
std::string written(const damage& what);
damage read_damage(std::string_view text);

std::string_view name_of(place where);
std::string_view name_of(harm what);

}  // namespace garbage_tests
