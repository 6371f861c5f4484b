// The hashes that are computed without xxHash's functions are those that its functions compute:
// maps outlive the library that made them.

#include <gtest/gtest.h>

#include <twinmap/storage/hash.hpp>

#include <random>
#include <vector>

namespace twinmap::storage {
namespace {

class a_hash : public testing::Test {
 protected:
  std::uint64_t word() { return draw_(); }
  hash_secret secret() {
    hash_secret made;
    for (std::uint64_t& part : made)
      part = draw_();
    return made;
  }
  std::vector<std::byte> bytes(std::size_t length) {
    std::vector<std::byte> made(length);
    for (std::byte& each : made)
      each = static_cast<std::byte>(draw_());
    return made;
  }

 private:
  std::mt19937_64 draw_{1};
};

TEST_F(a_hash, of_bytes_is_the_one_of_xxhash_for_every_length) {
  for (int round = 0; round != 20; ++round) {
    const hash_secret with = secret();
    for (std::size_t length = 0; length != 300; ++length) {
      const std::vector<std::byte> key = bytes(length + 1);  // never without an address
      ASSERT_EQ(XXH3_64bits_withSecret(key.data(), length, with.data(), sizeof with),
                hash_bytes(key.data(), length, with))
          << length;
    }
  }
}

TEST_F(a_hash, of_a_word_is_the_one_of_its_bytes) {
  for (int round = 0; round != 1000; ++round) {
    const std::uint64_t key = word();
    const std::uint64_t seed = word();
    const hash_secret with = secret();
    ASSERT_EQ(XXH3_64bits_withSecret(&key, sizeof key, with.data(), sizeof with),
              hash_word(key, with[1] ^ with[2]));
    ASSERT_EQ(XXH3_64bits_withSeed(&key, sizeof key, seed), hash_word(key, seed_flip(seed)));
  }
}

}  // namespace
}  // namespace twinmap::storage
