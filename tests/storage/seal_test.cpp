// A sealed number is believed only as it was written, about what it was written, and in its own
// map.

#include <gtest/gtest.h>

#include <twinmap/storage/seal.hpp>

#include <cstdint>

namespace twinmap::storage {
namespace {

constexpr std::uint64_t seed = 0x0123456789abcdef;

TEST(a_sealed_number, is_what_was_sealed) {
  for (const std::uint32_t number : {1u, 64u, 4096u, 1u << 20, ~0u})
    EXPECT_EQ(number, unseal(seed, sealed::slots, seal(seed, sealed::slots, number)));
}

TEST(a_sealed_number, is_none_after_any_flip_of_one_bit_or_two) {
  const std::uint64_t word = seal(seed, sealed::chunks, 17);
  for (unsigned i = 0; i != 64; ++i)
    for (unsigned k = 0; k != 64; ++k) {
      const std::uint64_t flips = (1ull << i) | (1ull << k);
      EXPECT_EQ(0u, unseal(seed, sealed::chunks, word ^ flips)) << i << ", " << k;
    }
}

TEST(a_sealed_number, is_none_elsewhere) {
  const std::uint64_t word = seal(seed, sealed::slots, 100);
  EXPECT_EQ(0u, unseal(seed, sealed::chunks, word));
  EXPECT_EQ(0u, unseal(seed + 1, sealed::slots, word));
  EXPECT_EQ(0u, unseal(seed, sealed::slots, 0));
  EXPECT_EQ(0u, unseal(seed, sealed::slots, 100));
  EXPECT_NE(check_of(seed, sealed::pairs, 1, 64), check_of(seed, sealed::pairs, 2, 64));
}

// XXH3_64bits_withSeed of the eight bytes {number 4, place 3, what 1}, as FORMAT.md says.
TEST(a_sealed_number, has_the_documented_check) {
  const unsigned char bytes[8] = {64, 0, 0, 0, 7, 0, 0, 3};
  EXPECT_EQ(static_cast<std::uint32_t>(XXH3_64bits_withSeed(bytes, 8, seed) >> 32),
            check_of(seed, sealed::pairs, 7, 64));
  EXPECT_EQ(541176954u, check_of(seed, sealed::pairs, 7, 64));
}

}  // namespace
}  // namespace twinmap::storage
