#pragma once

// Zipf's distribution: rank r (from 0) comes with a probability in proportion to 1 / (r + 1)^0.99.

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace bench::shapes {

/// The generator that YCSB uses: Jim Gray et al., "Quickly Generating Billion-Record Synthetic
/// Databases", SIGMOD 1994. The two most frequent ranks come out exactly, the others by the inverse
/// of a continuous distribution.
class zipf {
 public:
  static constexpr double theta = 0.99;

  explicit zipf(std::size_t ranks) : ranks_(static_cast<double>(ranks)) {
    for (std::size_t rank = 1; rank <= ranks; ++rank)
      zeta_ += 1 / std::pow(static_cast<double>(rank), theta);
    const double zeta_of_two = 1 + std::pow(0.5, theta);
    eta_ = (1 - std::pow(2 / ranks_, 1 - theta)) / (1 - zeta_of_two / zeta_);
  }

  /// The rank for a random number of 64 bits.
  std::size_t rank(std::uint64_t random) const {
    const double uniform = static_cast<double>(random >> 11) * 0x1p-53;
    const double area = uniform * zeta_;
    if (area < 1) return 0;
    if (area < 1 + std::pow(0.5, theta)) return 1;
    const double rank = ranks_ * std::pow(eta_ * uniform - eta_ + 1, 1 / (1 - theta));
    return static_cast<std::size_t>(rank < ranks_ ? rank : ranks_ - 1);
  }

 private:
  double ranks_;
  double zeta_ = 0;
  double eta_ = 0;
};

}  // namespace bench::shapes
