// One call of a member of the API as data: what it does to a map too simple to be wrong, and what
// it answers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace step_tests {

// Keys and values are the bytes that the map stores, whatever its types.
using contents = std::map<std::string, std::string>;

struct call {
  std::string member;
  std::string key = {};
  std::string value = {};     // what is stored, added, or put by an update (nothing: it erases)
  std::string expected = {};  // by compare_*
  std::vector<std::string> keys = {};  // of load_many
  friend bool operator==(const call&, const call&) = default;
};
using calls = std::vector<call>;

calls operator+(calls first, const calls& second);

struct answer {
  bool yes = false;
  std::optional<std::string> value = {};
  contents all = {};  // for_each, load_many
  int error = 0;
  friend bool operator==(const answer&, const answer&) = default;
};

std::optional<std::string> value_under(const contents& all, const std::string& key);

std::string written(const answer& what);
answer read_answer(std::string_view written);

// The only outcome without anybody else about. Members that move keys about, and those that come
// and go, change nothing that a user sees.
answer expect(contents& all, const call& what);
void expect(contents& all, const calls& many);

// A u64 as its map stores it.
std::string raw(std::uint64_t number);
std::uint64_t number_of(std::string_view raw);
// What an update makes of a value: of numbers 2 × old + with, of texts both in a row.
std::string updated(const std::string& old, const std::string& with);

}  // namespace step_tests
