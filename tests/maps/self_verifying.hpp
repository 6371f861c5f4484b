// Values that prove themselves: every byte, and the length, follow from a seed in the first eight.
// A mixture of two of them, or a cut one, is seen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace test_maps {

// splitmix64's finalizer: a bijection that changes half of the bits for each bit changed.
constexpr std::uint64_t mixed(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

// A small generator for workloads: fast enough not to be what is measured.
class random_source {
 public:
  explicit random_source(std::uint64_t seed) : state_(mixed(seed + 1)) {}
  std::uint64_t operator()() noexcept { return mixed(state_ += 0x9E3779B97F4A7C15); }
  std::uint64_t below(std::uint64_t limit) noexcept { return (*this)() % limit; }

 private:
  std::uint64_t state_;
};

// Fills `value` (its size stays) from `seed`. Values of fewer than 8 bytes repeat one byte of it,
// so that a mixture shows.
inline void fill_self_verifying(std::string& value, std::uint64_t seed) {
  const std::size_t length = value.size();
  if (length < 8) {
    value.assign(length, static_cast<char>(mixed(seed) & 0xFF));
    return;
  }
  std::memcpy(value.data(), &seed, 8);
  std::uint64_t state = mixed(seed ^ (std::uint64_t{length} << 40));
  std::size_t at = 8;
  for (; at + 8 <= length; at += 8) {
    state += 0x9E3779B97F4A7C15;
    const std::uint64_t word = state ^ (state >> 29);
    std::memcpy(value.data() + at, &word, 8);
  }
  for (; at < length; ++at)
    value[at] = static_cast<char>((state >> (at % 8)) & 0xFF);
}

inline bool verifies(std::span<const std::byte> value) {
  const std::size_t length = value.size();
  const std::byte* bytes = value.data();
  if (length == 0) return false;
  if (length < 8) {
    for (std::size_t i = 1; i < length; ++i)
      if (bytes[i] != bytes[0]) return false;
    return true;
  }
  std::uint64_t seed;
  std::memcpy(&seed, bytes, 8);
  std::uint64_t state = mixed(seed ^ (std::uint64_t{length} << 40));
  std::size_t at = 8;
  for (; at + 8 <= length; at += 8) {
    state += 0x9E3779B97F4A7C15;
    std::uint64_t word;
    std::memcpy(&word, bytes + at, 8);
    if (word != (state ^ (state >> 29))) return false;
  }
  for (; at < length; ++at)
    if (static_cast<unsigned>(bytes[at]) != ((state >> (at % 8)) & 0xFF)) return false;
  return true;
}

inline bool verifies(const std::string& value) {
  return verifies(std::as_bytes(std::span(value.data(), value.size())));
}

inline std::uint64_t seed_of(const std::string& value) {
  std::uint64_t seed = 0;
  std::memcpy(&seed, value.data(), std::min<std::size_t>(8, value.size()));
  return seed;
}

}  // namespace test_maps
