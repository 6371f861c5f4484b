// The checker's judge for small histories: it tries every order, remembers nothing and takes no
// short cut.
#pragma once

#include "operation.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace linearizability {

// Whether some order of `left` fits, beginning with `standing`.
inline bool some_order_fits(const std::vector<operation>& left, const content& standing = {}) {
  if (std::all_of(left.begin(), left.end(), [](const auto& op) { return op.pending(); }))
    return true;
  for (std::size_t i = 0; i != left.size(); ++i) {
    const bool may_come_next = std::none_of(left.begin(), left.end(), [&](const auto& other) {
      return other.returned < left[i].invoked;
    });
    content after = standing;
    if (!may_come_next || !fits(left[i], after)) continue;
    std::vector<operation> rest = left;
    rest.erase(rest.begin() + std::ptrdiff_t(i));
    if (some_order_fits(rest, after)) return true;
  }
  return false;
}

}  // namespace linearizability
