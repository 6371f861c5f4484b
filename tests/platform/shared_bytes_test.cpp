// Copies and comparisons of shared bytes: every length, wherever the private side lies, and not a
// byte beside what they are for.
#include <gtest/gtest.h>
#include <twinmap/platform/shared_bytes.hpp>

#include <algorithm>
#include <array>

namespace platform_test {
namespace {

using namespace twinmap::platform;  // NOLINT: the layer under test

constexpr std::size_t longest = 200;
constexpr std::byte untouched{0xff};

/// Bytes that differ from their neighbours, and are never what is `untouched` or zero.
std::array<std::byte, longest + 8> distinct_bytes() {
  std::array<std::byte, longest + 8> made;
  for (std::size_t i = 0; i != made.size(); ++i)
    made[i] = static_cast<std::byte>(1 + i % 251);
  return made;
}

class SharedBytes : public testing::TestWithParam<std::size_t> {
 protected:
  /// Private bytes need no alignment.
  [[nodiscard]] const std::byte* mine() const { return bytes_.data() + GetParam(); }

  alignas(8) std::array<std::byte, longest + 16> shared{};

 private:
  std::array<std::byte, longest + 8> bytes_ = distinct_bytes();
};

TEST_P(SharedBytes, AreZeroUpToTheNextWord) {
  for (std::size_t length = 0; length <= longest; ++length) {
    shared.fill(untouched);
    copy_in(shared.data(), mine(), length);
    const std::size_t padded = (length + 7) / 8 * 8;
    ASSERT_TRUE(std::equal(mine(), mine() + length, shared.begin())) << length;
    for (std::size_t i = length; i != padded; ++i)
      ASSERT_EQ(shared[i], std::byte{0}) << length;
    ASSERT_EQ(shared[padded], untouched) << length;
  }
}

TEST_P(SharedBytes, ComeOutAsTheyWentIn) {
  copy_in(shared.data(), mine(), longest);
  for (std::size_t length = 0; length <= longest; ++length) {
    std::array<std::byte, longest + 16> out;
    out.fill(untouched);
    std::byte* const to = out.data() + 1 + GetParam();
    copy_out(to, shared.data(), length);
    ASSERT_TRUE(std::equal(mine(), mine() + length, to)) << length;
    ASSERT_EQ(to[-1], untouched) << length;
    ASSERT_EQ(to[length], untouched) << length;
  }
}

TEST_P(SharedBytes, EqualTheirLikeAndNothingElse) {
  for (std::size_t length = 0; length <= longest; ++length) {
    shared.fill(untouched);  // what stands behind the bytes does not count
    std::copy(mine(), mine() + length, shared.begin());
    ASSERT_TRUE(equal_bytes(shared.data(), mine(), length)) << length;
    for (std::size_t i = 0; i != length; ++i) {
      shared[i] ^= std::byte{1};
      ASSERT_FALSE(equal_bytes(shared.data(), mine(), length)) << i << " of " << length;
      shared[i] ^= std::byte{1};
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AtEveryOffset, SharedBytes, testing::Range<std::size_t>(0, 8));

TEST(APartOfAWord, IsMovedAlone) {
  const std::array<std::byte, longest + 8> bytes = distinct_bytes();
  for (std::size_t count = 1; count <= 8; ++count) {
    std::uint64_t expected = 0;
    std::memcpy(&expected, bytes.data(), count);
    EXPECT_EQ(expected, load_part(bytes.data(), count)) << count;
    std::array<std::byte, 9> out;
    out.fill(untouched);
    store_part(out.data(), expected, count);
    EXPECT_TRUE(
        std::equal(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(count), bytes.begin()))
        << count;
    EXPECT_EQ(out[count], untouched) << count;
  }
}

}  // namespace
}  // namespace platform_test
