// What was done to one key, when, and what came back; and what a map of one key may answer: the
// sequential specification that the checker holds every history against.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace linearizability {

// The members of map<Key, T> that act on keys. every_member_is_used_test.cpp compares them with the
// headers.
enum class member : std::uint8_t {
  load,
  contains,
  load_many,
  for_each,
  store,
  load_or_store,
  exchange,
  erase,
  load_and_erase,
  compare_exchange,
  compare_erase,
  fetch_add,
  update,
  clear,
};
inline constexpr std::size_t members = 14;
inline constexpr std::array<const char*, members> member_names{
    "load",          "contains",  "load_many", "for_each",       "store",
    "load_or_store", "exchange",  "erase",     "load_and_erase", "compare_exchange",
    "compare_erase", "fetch_add", "update",    "clear"};

// What stands under a key: nothing, or the value that this number stands for.
using content = std::optional<std::uint64_t>;

// The return of what was in flight when its process died: it may have taken effect at any time
// since its invocation, or never.
inline constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

// One call's part in the history of one key.
struct operation {
  member what = member::load;
  std::uint8_t key = 0;
  std::uint16_t process = 0;
  std::uint64_t invoked = 0;
  std::uint64_t returned = never;
  std::uint64_t value = 0;     // what is stored or added
  std::uint64_t expected = 0;  // compare_*: what is to stand there
  content seen;                // the value that came back; update: what its function was given last
  bool held = false;           // contains, erase, compare_*: the answer; load_or_store: loaded

  bool pending() const { return returned == never; }
};

// The function that is given to update: from what stands to what shall stand.
content updated(const content& standing, std::uint64_t value);

// Whether the operation can have answered as it did while `standing` stood, which becomes what
// stands after. An operation that is pending has no answer, and fits always.
//
// Members that concern many keys come apart into one operation on each key:
// - load_many: a load of each key that was asked for, anywhere between invocation and return.
// - for_each, a key that was visited: a load, between the invocation and the visit.
// - for_each, a key that was not visited though the walk came to its end: a load that found
//   nothing. By the Range promise (P8) a key that is present from begin to end comes once; so one
//   that did not come was absent at some moment in between.
// - clear: an erase of unknown answer, once between invocation and return. P8 says "an erase of
//   each key born before it". A key born before it is erased. A key born after it began was
//   inserted anew, thus absent just before, at a moment when the clear had begun: an erase at that
//   moment changes nothing. So both are the same operation on one key.
bool fits(const operation& op, content& standing);

// Whether the operation, with the answer that it has, leaves any content as it is.
bool only_reads(const operation& op);

// One line: times relative to `origin`.
std::string describe(const operation& op, std::uint64_t origin);

}  // namespace linearizability
