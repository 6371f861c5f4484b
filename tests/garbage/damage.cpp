#include "damage.hpp"

#include "victims.hpp"

#include <maps/self_verifying.hpp>

#include <algorithm>
#include <cstring>
#include <ostream>
#include <sstream>
#include <stdexcept>

namespace garbage_tests {
namespace {

using test_maps::random_source;

constexpr std::array<std::string_view, place_count> place_names{
    "constant",       "sealed_constant", "roots",       "locked",        "counts",
    "standby",        "read_table",      "dirty_table", "entry_words",   "owner_pairs",
    "entry_payloads", "references",      "entry_keys",  "chunk_records", "hashes",
    "leases",         "hints",           "heap",        "file"};
constexpr std::array<std::string_view, harm_count> harm_names{"flip", "set",      "add", "copy",
                                                              "link", "scramble", "zero"};

// How many of a hundred edits. Those of a kind that keeps everybody from attaching come alone, and
// seldom: see drawn_damage.
constexpr std::array<unsigned, place_count> place_weights{0, 2, 16, 6, 3, 4, 13, 8, 13, 10,
                                                          4, 7, 4,  6, 1, 1, 1,  1, 0};
constexpr std::array<unsigned, harm_count> harm_weights{20, 15, 10, 15, 30, 7, 3};

template <std::size_t size>
std::size_t drawn(random_source& random, const std::array<unsigned, size>& weights) {
  unsigned sum = 0;
  for (const unsigned weight : weights)
    sum += weight;
  auto left = static_cast<unsigned>(random.below(sum));
  for (std::size_t i = 0;; ++i) {
    if (left < weights[i]) return i;
    left -= weights[i];
  }
}

edit drawn_edit(random_source& random) {
  edit one;
  one.where = static_cast<place>(drawn(random, place_weights));
  one.what = static_cast<harm>(drawn(random, harm_weights));
  one.at = static_cast<std::uint16_t>(random());
  one.value = random();
  // Numbers of all sizes.
  if (one.what == harm::set) one.value >>= random.below(64);
  return one;
}

std::uint64_t drawn_length(random_source& random) {
  const std::uint64_t part = random.below(100);
  if (part < 30) return 1;
  if (part < 70) return 2 + random.below(3);
  if (part < 92) return 5 + random.below(8);
  return 13 + random.below(28);
}

template <std::size_t size>
std::size_t index_of(std::string_view name, const std::array<std::string_view, size>& names) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) throw std::invalid_argument("damage knows no " + std::string(name));
  return static_cast<std::size_t>(found - names.begin());
}

constexpr std::size_t packed_bytes = 12;

// Adds nothing; but the checksum is made anew.
constexpr edit nothing_but_a_seal{place::sealed_constant, harm::add, 0, 16};

}  // namespace

std::string_view name_of(place where) {
  return place_names[static_cast<std::size_t>(where)];
}

std::string_view name_of(harm what) {
  return harm_names[static_cast<std::size_t>(what)];
}

damage drawn_damage(std::uint8_t victim, std::uint64_t seed) {
  random_source random(seed);
  damage result{victim, {}};
  const std::uint64_t alone = random.below(100);
  if (alone < 4) {  // where these are, others would change nothing
    edit one = drawn_edit(random);
    one.where = alone < 2 ? place::constant : place::file;
    result.edits.push_back(one);
    // A cut that the header knows of.
    if (alone == 3) result.edits.push_back(nothing_but_a_seal);
    return result;
  }
  for (std::uint64_t left = drawn_length(random); left != 0; --left)
    result.edits.push_back(drawn_edit(random));
  return result;
}

std::vector<std::uint8_t> packed(const damage& what) {
  std::vector<std::uint8_t> bytes{what.victim};
  for (const edit& one : what.edits) {
    std::array<std::uint8_t, packed_bytes> part{static_cast<std::uint8_t>(one.where),
                                                static_cast<std::uint8_t>(one.what)};
    std::memcpy(&part[2], &one.at, sizeof one.at);
    std::memcpy(&part[4], &one.value, sizeof one.value);
    bytes.insert(bytes.end(), part.begin(), part.end());
  }
  return bytes;
}

damage unpacked(std::span<const std::uint8_t> bytes) {
  damage result;
  if (bytes.empty()) return result;
  result.victim = static_cast<std::uint8_t>(bytes[0] % victims().size());
  constexpr std::size_t most = 64;
  for (std::size_t at = 1; at + packed_bytes <= bytes.size() && result.edits.size() != most;
       at += packed_bytes) {
    edit one;
    one.where = static_cast<place>(bytes[at] % place_count);
    one.what = static_cast<harm>(bytes[at + 1] % harm_count);
    std::memcpy(&one.at, &bytes[at + 2], sizeof one.at);
    std::memcpy(&one.value, &bytes[at + 4], sizeof one.value);
    result.edits.push_back(one);
  }
  return result;
}

std::ostream& operator<<(std::ostream& out, const edit& one) {
  return out << name_of(one.where) << ' ' << one.at << ' ' << name_of(one.what) << ' ' << one.value;
}

std::string written(const damage& what) {
  std::ostringstream out;
  out << victims()[what.victim].name << '\n';
  for (const edit& one : what.edits)
    out << one << '\n';
  return out.str();
}

damage read_damage(std::string_view text) {
  std::istringstream in{std::string(text)};
  damage result;
  std::string word;
  while (in >> word && word == "#")  // what it was that this showed
    std::getline(in, word);
  result.victim = number_of_victim(word);
  std::string what;
  while (in >> word) {
    edit one;
    one.where = static_cast<place>(index_of(word, place_names));
    if (!(in >> one.at >> what >> one.value))
      throw std::invalid_argument("an edit is: place at harm value");
    one.what = static_cast<harm>(index_of(what, harm_names));
    result.edits.push_back(one);
  }
  return result;
}

}  // namespace garbage_tests
