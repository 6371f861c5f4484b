#pragma once

// A histogram of durations with a fixed relative error, after Gil Tene's HdrHistogram
// (https://hdrhistogram.github.io/HdrHistogram/): the buckets are linear within each power of two.
// Adding is an increment, so that ten million samples need neither memory nor sorting.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace bench::beside {

/// All zero is empty. It has no pointers: a worker process fills it in shared memory.
class histogram {
 public:
  void add(std::uint64_t value) noexcept {
    ++counts_[bucket_of(value)];
    ++count_;
    sum_ += value;
    max_ = std::max(max_, value);
  }

  std::uint64_t count() const noexcept { return count_; }
  std::uint64_t max() const noexcept { return max_; }
  double mean() const noexcept {
    return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
  }

  /// A value that at least the share `quantile` of all samples does not exceed: the upper end of
  /// its bucket, so it is overstated by at most one part in 32, and never understated.
  std::uint64_t at(double quantile) const noexcept {
    const double wanted = quantile * static_cast<double>(count_);
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket != counts_.size(); ++bucket) {
      seen += counts_[bucket];
      if (seen != 0 && static_cast<double>(seen) >= wanted) return std::min(end_of(bucket), max_);
    }
    return max_;
  }

 private:
  static constexpr unsigned linear_bits = 5;
  static constexpr std::uint64_t linear = 1u << linear_bits;
  static constexpr unsigned bits = std::numeric_limits<std::uint64_t>::digits;

  /// Values below 64 have a bucket each; above, the highest bit and the five after it choose.
  static constexpr std::size_t bucket_of(std::uint64_t value) noexcept {
    if (value < 2 * linear) return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - linear_bits - 1;
    return shift * linear + (value >> shift);
  }
  /// The largest value in `bucket`.
  static constexpr std::uint64_t end_of(std::size_t bucket) noexcept {
    if (bucket < 2 * linear) return bucket;
    const std::size_t shift = bucket / linear - 1;
    const std::uint64_t first = bucket - shift * linear;
    return (first << shift) + ((std::uint64_t{1} << shift) - 1);
  }

  std::array<std::uint64_t, (bits - linear_bits + 1) * linear> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace bench::beside
