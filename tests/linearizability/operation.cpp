#include "operation.hpp"

#include <cstdio>
#include <utility>

namespace linearizability {
namespace {

// For members whose answer says what they did: the answer is right, or there is none yet.
bool answered(const operation& op, bool rightly) {
  return op.pending() || rightly;
}

bool compared(const operation& op, content& standing, const content& desired) {
  const bool holds = standing == content(op.expected);
  if (!answered(op, op.held == holds)) return false;
  if (holds) standing = desired;
  return true;
}

}  // namespace

content updated(const content& standing, std::uint64_t value) {
  if (!standing) return value % 8 == 0 ? std::nullopt : content(value);
  if (*standing % 4 == 0) return std::nullopt;
  return *standing + value;
}

bool fits(const operation& op, content& standing) {
  switch (op.what) {
    case member::load:
    case member::load_many:
    case member::for_each:
      return answered(op, op.seen == standing);
    case member::contains:
      return answered(op, op.held == standing.has_value());
    case member::store:
      standing = op.value;
      return true;
    case member::load_or_store:
      if (!answered(op, op.held == standing.has_value())) return false;
      if (!standing) standing = op.value;
      return answered(op, op.seen == standing);
    case member::exchange:
      return answered(op, op.seen == std::exchange(standing, op.value));
    case member::erase:
      return answered(op, op.held == std::exchange(standing, std::nullopt).has_value());
    case member::load_and_erase:
      return answered(op, op.seen == std::exchange(standing, std::nullopt));
    case member::compare_exchange:
      return compared(op, standing, op.value);
    case member::compare_erase:
      return compared(op, standing, std::nullopt);
    case member::fetch_add: {
      const std::uint64_t old = standing.value_or(0);
      standing = old + op.value;
      return answered(op, op.seen == content(old));
    }
    case member::update:
      return answered(op, op.seen == std::exchange(standing, updated(standing, op.value)));
    case member::clear:
      standing.reset();
      return true;
  }
  return false;
}

bool only_reads(const operation& op) {
  switch (op.what) {
    case member::load:
    case member::load_many:
    case member::for_each:
    case member::contains:
      return true;
    case member::load_or_store:
      return !op.pending() && op.held;
    case member::erase:
    case member::compare_exchange:
    case member::compare_erase:
      return !op.pending() && !op.held;
    case member::load_and_erase:
      return !op.pending() && !op.seen;
    case member::store:
    case member::exchange:
    case member::fetch_add:
    case member::update:
    case member::clear:
      return false;
  }
  return false;
}

std::string describe(const operation& op, std::uint64_t origin) {
  const auto number = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
  char returned[24] = "never";
  if (!op.pending()) std::snprintf(returned, sizeof returned, "%llu", number(op.returned - origin));
  char seen[24] = "nothing";
  if (op.seen) std::snprintf(seen, sizeof seen, "%016llx", number(*op.seen));
  char line[256];
  std::snprintf(
      line, sizeof line, "%10llu %10s  process %2d key %d %-16s value %016llx expected %016llx",
      number(op.invoked - origin), returned, op.process, op.key,
      member_names[static_cast<std::size_t>(op.what)], number(op.value), number(op.expected));
  if (op.pending()) return std::string(line) + " -> ?";
  return std::string(line) + " -> " + seen + (op.held ? " true" : " false");
}

}  // namespace linearizability
