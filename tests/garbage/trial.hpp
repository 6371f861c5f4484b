// Many images of one victim, each spoilt in its own way, in processes that may die of it.
#pragma once

#include "call_log.hpp"

#include <support/child.hpp>
#include <support/shared_page.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace garbage_tests {

// Images are numbered: number n is of victim n modulo their number, and its damage is drawn from n.
class trial {
 public:
  explicit trial(std::uint8_t victim) : spoilt_(victim), victim_(victim) {}

  // `count` images of this victim, the first of which is the k-th.
  void run(std::uint64_t k, std::uint64_t count);
  // Those whose damage is given, and differ in the order of changes.
  void run(const damage& what);

  // What must not be, ready to print; empty if all went well.
  const std::vector<std::string>& failures() const { return failures_; }
  const call_record& record() const { return *record_; }

 private:
  using numbered = std::pair<std::uint64_t, damage>;
  void run_some(std::vector<numbered> images);
  test_support::outcome watch(test_support::child& worker);
  void note_findings();
  void note(std::uint64_t image, const std::string& what);

  image spoilt_;
  std::uint8_t victim_;
  test_support::shared_page<call_record> record_;
  std::vector<numbered> images_;  // under way
  std::uint32_t noted_ = 0;
  std::vector<std::string> failures_;
};

}  // namespace garbage_tests
