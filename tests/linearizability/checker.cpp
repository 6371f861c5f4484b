#include "checker.hpp"

#include <algorithm>
#include <unordered_set>
#include <vector>

namespace linearizability {
namespace {

// A configuration: which operations have their place in the order, and what stands after them. The
// words of the set up to the first that is not full are left out, and so are the empty ones at its
// end: what remains is short, as the order of the operations follows their invocations.
using configuration = std::vector<std::uint64_t>;

struct hash_of_configuration {
  std::size_t operator()(const configuration& words) const noexcept {
    std::uint64_t hash = words.size();
    for (const std::uint64_t word : words) {
      hash = (hash ^ word) * 0x9E3779B97F4A7C15;
      hash ^= hash >> 29;
    }
    return hash;
  }
};

class search {
 public:
  search(std::span<const operation> history, content initially, std::uint64_t bound);
  judgement run();

 private:
  // Invocations and returns in the order of time, in a list from which an operation that has its
  // place in the order is taken out. Node 0 stands before the first; pending operations never
  // return.
  struct node {
    std::size_t operation;
    bool returns;
    std::size_t previous;
    std::size_t next;
  };
  struct step {
    std::size_t operation;
    content before;
    bool forced;
  };

  void unlink(std::size_t at) {
    nodes_[nodes_[at].previous].next = nodes_[at].next;
    if (nodes_[at].next != 0) nodes_[nodes_[at].next].previous = nodes_[at].previous;
  }
  void relink(std::size_t at) {
    nodes_[nodes_[at].previous].next = at;
    if (nodes_[at].next != 0) nodes_[nodes_[at].next].previous = at;
  }
  void place(std::size_t op, bool forced);
  std::size_t take_back();
  void place_readers();
  bool is_new(std::size_t op, const content& after);
  std::size_t choose(std::size_t from);

  std::vector<operation> operations_;  // by invocation
  std::vector<node> nodes_;
  std::vector<std::size_t> invocation_;  // of each operation: its node
  std::vector<std::size_t> return_;      // 0: pending
  std::vector<std::uint64_t> placed_;    // a bit for each operation
  std::vector<step> steps_;
  std::unordered_set<configuration, hash_of_configuration> seen_;
  content standing_;
  std::size_t left_ = 0;  // operations that returned and have no place yet
  std::size_t fewest_left_ = ~std::size_t{0};
  std::size_t obstacle_ = 0;
  std::uint64_t bound_;
};

search::search(std::span<const operation> history, content initially, std::uint64_t bound)
    : operations_(history.begin(), history.end()), standing_(initially), bound_(bound) {
  std::stable_sort(operations_.begin(), operations_.end(),
                   [](const auto& a, const auto& b) { return a.invoked < b.invoked; });
  struct event {
    std::uint64_t at;
    bool returns;  // at the same time invocations come first: the two overlap
    std::size_t operation;
  };
  std::vector<event> events;
  for (std::size_t i = 0; i != operations_.size(); ++i) {
    events.push_back({operations_[i].invoked, false, i});
    if (operations_[i].pending()) continue;
    events.push_back({operations_[i].returned, true, i});
    ++left_;
  }
  std::stable_sort(events.begin(), events.end(), [](const event& a, const event& b) {
    return a.at != b.at ? a.at < b.at : a.returns < b.returns;
  });
  invocation_.resize(operations_.size());
  return_.resize(operations_.size());
  placed_.resize((operations_.size() + 63) / 64);
  nodes_.push_back({0, false, 0, 0});
  for (const event& one : events) {
    const std::size_t at = nodes_.size();
    nodes_.push_back({one.operation, one.returns, at - 1, 0});
    nodes_[at - 1].next = at;
    (one.returns ? return_ : invocation_)[one.operation] = at;
  }
}

void search::place(std::size_t op, bool forced) {
  steps_.push_back({op, standing_, forced});
  fits(operations_[op], standing_);
  placed_[op / 64] |= std::uint64_t{1} << (op % 64);
  unlink(invocation_[op]);
  if (return_[op] == 0) return;
  unlink(return_[op]);
  --left_;
}

// The last step, whose operation is returned.
std::size_t search::take_back() {
  const std::size_t op = steps_.back().operation;
  standing_ = steps_.back().before;
  steps_.pop_back();
  placed_[op / 64] &= ~(std::uint64_t{1} << (op % 64));
  if (return_[op] != 0) {
    relink(return_[op]);
    ++left_;
  }
  relink(invocation_[op]);
  return op;
}

// What only reads, may come next and fits, does come next: if any order continues from here, so
// does the one that has it moved to the front, as it changes nothing for those that it passes. This
// is no choice, and is never tried another way.
void search::place_readers() {
  for (std::size_t at = nodes_[0].next; at != 0 && !nodes_[at].returns; at = nodes_[at].next) {
    const operation& op = operations_[nodes_[at].operation];
    content after = standing_;
    if (!only_reads(op) || op.pending() || !fits(op, after)) continue;
    const std::size_t before = nodes_[at].previous;
    place(nodes_[at].operation, true);
    at = before;
  }
}

bool search::is_new(std::size_t op, const content& after) {
  placed_[op / 64] |= std::uint64_t{1} << (op % 64);
  std::size_t begin = 0;
  while (begin != placed_.size() && placed_[begin] == ~std::uint64_t{0})
    ++begin;
  std::size_t end = placed_.size();
  while (end != begin && placed_[end - 1] == 0)
    --end;
  configuration key{begin, after.has_value(), after.value_or(0)};
  key.insert(key.end(), placed_.begin() + std::ptrdiff_t(begin),
             placed_.begin() + std::ptrdiff_t(end));
  placed_[op / 64] &= ~(std::uint64_t{1} << (op % 64));
  return seen_.insert(std::move(key)).second;
}

// The first node from `from` on whose operation may come next, fits, and leads to something new; or
// the node that ends the candidates: a return, or 0.
std::size_t search::choose(std::size_t from) {
  std::size_t at = from;
  for (; at != 0 && !nodes_[at].returns; at = nodes_[at].next) {
    const operation& op = operations_[nodes_[at].operation];
    content after = standing_;
    if (op.pending() && only_reads(op)) continue;
    if (fits(op, after) && is_new(nodes_[at].operation, after)) break;
  }
  return at;
}

judgement search::run() {
  place_readers();
  std::size_t from = nodes_[0].next;
  while (left_ != 0) {
    if (seen_.size() >= bound_) return {verdict::undecided, seen_.size(), {}};
    const std::size_t at = choose(from);
    if (at != 0 && !nodes_[at].returns) {
      place(nodes_[at].operation, false);
      place_readers();
      from = nodes_[0].next;
      continue;
    }
    if (left_ < fewest_left_) {
      fewest_left_ = left_;
      obstacle_ = nodes_[at].operation;
    }
    while (!steps_.empty() && steps_.back().forced)
      take_back();
    if (steps_.empty()) return {verdict::violation, seen_.size(), operations_[obstacle_]};
    from = nodes_[invocation_[take_back()]].next;
  }
  return {verdict::linearizable, seen_.size(), {}};
}

}  // namespace

judgement check(std::span<const operation> history, content initially, std::uint64_t bound) {
  return search(history, initially, bound).run();
}

}  // namespace linearizability
