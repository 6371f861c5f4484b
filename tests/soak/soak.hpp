// A map that 16 processes work on while one of them is killed every 50 ms and replaced.
#pragma once

#include <support/child.hpp>
#include <support/names.hpp>
#include <support/shared_page.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "book.hpp"
#include "samples.hpp"

namespace soak {

inline constexpr std::size_t readers = 2;
inline constexpr std::size_t processes = writers + readers + 1;  // and a keeper

struct settings {
  std::chrono::duration<double> length{0};
  std::chrono::milliseconds between_kills{50};
  std::chrono::milliseconds between_samples{1000};
  std::chrono::milliseconds between_checks{10'000};
  std::string csv;
};

class soak {
 public:
  explicit soak(const settings& wanted);

  // For as long as it was asked for, or until something is wrong.
  void run();
  // All processes end by themselves, and what they left is looked at: nothing is lost, nothing
  // leaks.
  void finish();

  std::uint64_t kills() const { return kills_; }
  std::uint64_t checks() const { return checks_; }
  double seconds() const;
  const book& shared() const { return *shared_; }
  const sampler& samples() const { return samples_; }
  // The map's memory when it was full, before anybody worked on it.
  std::uint64_t full_kib() const { return full_kib_; }

 private:
  test_support::child start(std::size_t i);
  void kill_one();
  void settle(std::size_t i);
  void check();
  void complain(const std::string& what) { shared_->complain(what); }

  settings wanted_;
  test_support::scoped_name name_;
  test_support::shared_page<book> shared_;
  test_support::shared_page<std::atomic<bool>> stop_;
  soak_map map_;
  std::uint64_t full_kib_ = 0;
  sampler samples_;
  test_maps::random_source random_{2026};
  std::chrono::steady_clock::time_point began_;
  std::vector<test_support::child> crew_;
  std::uint64_t kills_ = 0;
  std::uint64_t checks_ = 0;
};

}  // namespace soak
