// Histories of one key that are right because they were made so: a sequential map answers one
// operation after the other, and then each gets an interval around its moment.
#pragma once

#include <maps/self_verifying.hpp>

#include "operation.hpp"

#include <cstdint>
#include <vector>

namespace linearizability {

struct generator_settings {
  std::size_t operations = 6;
  std::uint64_t reach = 3;   // how many moments an interval may stretch to either side
  std::uint64_t values = 3;  // how many different ones are stored
  std::uint64_t pending_percent = 10;
};

// The answer that a map gives with `standing` under the key, which becomes what stands after.
inline void answer(operation& op, content& standing) {
  op.seen = standing;
  op.held = op.what == member::compare_exchange || op.what == member::compare_erase
                ? standing == content(op.expected)
                : standing.has_value();
  if (op.what == member::load_or_store && !standing) op.seen = op.value;
  if (op.what == member::fetch_add) op.seen = standing.value_or(0);
  fits(op, standing);
}

// Values are 1 … `values`: few, so that a wrong answer may be right in another order.
inline operation drawn(test_maps::random_source& random, const generator_settings& wanted) {
  operation op;
  op.what = static_cast<member>(random.below(members));
  op.value = 1 + random.below(wanted.values);
  op.expected = 1 + random.below(wanted.values);
  return op;
}

inline std::vector<operation> right_history(test_maps::random_source& random,
                                            const generator_settings& wanted) {
  constexpr std::uint64_t moment = 1000;
  std::vector<operation> history;
  content standing;
  for (std::size_t i = 0; i != wanted.operations; ++i) {
    operation op = drawn(random, wanted);
    const bool dies = random.below(100) < wanted.pending_percent;
    const bool takes_effect = !dies || random.below(2) == 0;
    if (takes_effect) {
      op.returned = 0;  // it has an answer: no longer pending
      answer(op, standing);
    }
    const std::uint64_t now = (i + wanted.reach + 1) * moment;
    op.invoked = now - random.below(wanted.reach * moment + 1);
    op.returned = dies ? never : now + random.below(wanted.reach * moment + 1);
    history.push_back(op);
  }
  return history;
}

// One thing changed, which may make it wrong.
inline void mutate(std::vector<operation>& history, test_maps::random_source& random,
                   const generator_settings& wanted) {
  operation& op = history[random.below(history.size())];
  switch (random.below(5)) {
    case 0:
      op.seen = op.seen && random.below(2) == 0 ? content() : 1 + random.below(2 * wanted.values);
      break;
    case 1:
      op.held = !op.held;
      break;
    case 2:
      op.value = 1 + random.below(2 * wanted.values);
      break;
    case 3: {  // its interval becomes a shorter or an earlier one
      const std::uint64_t by = random.below(op.invoked + 1);
      op.invoked -= by;
      if (!op.pending()) op.returned = op.invoked + random.below(op.returned - op.invoked + 1);
      break;
    }
    default:
      std::swap(op.seen, history[random.below(history.size())].seen);
  }
}

}  // namespace linearizability
