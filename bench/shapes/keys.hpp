#pragma once

// The text keys that every contestant is asked for, their order and the values below them. The same
// arithmetic stands in go/workload/text.go; the report refuses to compare two runs whose sequences
// differ.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "../keys.hpp"
#include "zipf.hpp"

namespace bench::shapes {

enum class distribution {
  uniform,  ///< each key equally often: permutations of all, one after another
  zipf      ///< some keys much more often, and not those that were stored first
};

/// What a map holds and how it is asked.
struct shape {
  std::string label;  ///< of the question, e.g. "k16-v64-uniform"
  std::size_t keys = 0;
  std::size_t key_bytes = 0;
  std::size_t value_bytes = 0;
  distribution drawn = distribution::uniform;
  unsigned updates = 0;  ///< per cent of the operations that store instead of loading

  friend bool operator==(const shape&, const shape&) = default;
};

inline constexpr std::size_t shortest_key = 8;
inline constexpr std::size_t longest_key = 64;
inline constexpr std::size_t shortest_value = 8;

/// Key number `index`, `bytes` long. As in a program that shares its map between subjects, the
/// first part is the same in all keys and the last 8 characters tell them apart: 48 bits in base 64
/// that are a bijection of the index.
inline std::string text_key(std::uint64_t index, std::size_t bytes) {
  constexpr std::string_view common = "eu-central/production/website/session/customer/0/basket:";
  static_assert(common.size() == longest_key - shortest_key);
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  constexpr std::uint64_t mask = (std::uint64_t{1} << 48) - 1;
  std::uint64_t number = index * 0x9e3779b97f4bu & mask;
  number ^= number >> 24;
  number = number * 0xbf58476d1ce5u & mask;
  number ^= number >> 24;
  std::string key(common.substr(common.size() - (bytes - shortest_key)));
  for (int digit = 0; digit < 8; ++digit, number >>= 6)
    key += digits[number & 63];
  return key;
}

inline std::uint64_t word_at(const char* from) noexcept {
  static_assert(std::endian::native == std::endian::little, "the sequence would be another one");
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

/// 64 bits of a key of at least 8 bytes, from which its values derive.
inline std::uint64_t fingerprint(std::string_view key) noexcept {
  return mix(31 * word_at(key.data()) + word_at(key.data() + key.size() - sizeof(std::uint64_t)));
}

/// Makes `value` what stands under `key` after `round` rounds of stores: its first and its last 8
/// bytes say so, what is between them stays. So the check costs little beside the copy.
inline void stamp_value(std::string& value, std::string_view key, std::uint64_t round) noexcept {
  const std::uint64_t stamp = value_of(fingerprint(key), round);
  std::memcpy(value.data(), &stamp, sizeof stamp);
  std::memcpy(value.data() + value.size() - sizeof stamp, &stamp, sizeof stamp);
}

/// Whether `value` is `bytes` long, of one piece, and from round `first` to `last`.
inline bool value_is_from(std::string_view value, std::string_view key, std::size_t bytes,
                          std::uint64_t first, std::uint64_t last) noexcept {
  if (value.size() != bytes) return false;
  const std::uint64_t front = word_at(value.data());
  const std::uint64_t back = word_at(value.data() + bytes - sizeof(std::uint64_t));
  return front == back && front - value_of(fingerprint(key), first) <= last - first;
}

/// The keys in the order in which they are asked for: their bytes one after another, so that
/// reading the sequence costs everyone the same few prefetched lines.
class text_sequence {
 public:
  explicit text_sequence(const shape& asked) : shape_(asked) {
    const std::vector<std::uint32_t> shuffled = shuffled_indices(asked.keys);
    if (asked.drawn == distribution::uniform) {
      for (const std::uint32_t index : shuffled)
        append(index);
      return;
    }
    // Which key has which rank is shuffled too: else the most frequent ones would lie together.
    const zipf ranks(asked.keys);
    constexpr std::uint64_t draws = std::uint64_t{1} << 17;
    constexpr std::uint64_t seed = std::uint64_t{1} << 32;
    for (std::uint64_t draw = 0; draw < draws; ++draw)
      append(shuffled[ranks.rank(mix(seed + draw))]);
  }

  /// The keys of `from` as 16 hexadecimal digits, for those who know only text.
  text_sequence(const shape& asked, const sequence& from) : shape_(asked), hexadecimal_(true) {
    for (const std::uint64_t key : from.present)
      append_text(hexadecimal(key));
    checksum_ = from.checksum;
  }

  const shape& asked() const noexcept { return shape_; }
  std::size_t size() const noexcept { return bytes_.size() / shape_.key_bytes; }
  std::string_view operator[](std::size_t position) const noexcept {
    return {bytes_.data() + position * shape_.key_bytes, shape_.key_bytes};
  }
  /// Whether the operation at `position` of a mixed workload is a store.
  bool is_update(std::size_t position) const noexcept { return updates_[position] != 0; }

  /// The key number `index` of those that the map holds.
  std::string present_key(std::uint64_t index) const {
    return hexadecimal_ ? hexadecimal(bench::present_key(index))
                        : text_key(index, shape_.key_bytes);
  }

  std::uint64_t checksum() const noexcept { return checksum_; }

 private:
  static std::string hexadecimal(std::uint64_t key) {
    std::string text(16, '0');
    for (std::size_t digit = text.size(); digit-- > 0; key >>= 4)
      text[digit] = "0123456789abcdef"[key & 15];
    return text;
  }

  void append_text(std::string_view key) { bytes_.insert(bytes_.end(), key.begin(), key.end()); }

  void append(std::uint32_t index) {
    const std::string key = text_key(index, shape_.key_bytes);
    constexpr std::uint64_t seed = std::uint64_t{1} << 33;
    const bool update = mix(seed + updates_.size()) % 100 < shape_.updates;
    append_text(key);
    updates_.push_back(update);
    checksum_ = mix(checksum_ ^ fingerprint(key)) + update;
  }

  shape shape_;
  bool hexadecimal_ = false;
  std::vector<char> bytes_;
  std::vector<std::uint8_t> updates_;
  std::uint64_t checksum_ = 0;  ///< equal in all programs, or they do not measure the same thing
};

}  // namespace bench::shapes
