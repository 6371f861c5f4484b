// A map to exhaust, what must stand in it, and what this process holds of it.
#pragma once

#include <gtest/gtest.h>
#include <support/names.hpp>
#include <twinmap/admin.hpp>
#include <twinmap/map.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace exhaustion_test {

using strings = twinmap::map<std::string, std::string>;
using reference = std::map<std::string, std::string>;

// What this process has open of a directory, and its leases' private memory.
struct holdings {
  std::size_t descriptors = 0;  // of whatever file
  std::size_t mappings = 0;     // of files of the directory
  std::size_t lease_bytes = 0;  // memory that a forked child would find wiped
  friend bool operator==(const holdings&, const holdings&) = default;
  friend std::ostream& operator<<(std::ostream& out, const holdings& what);
};

class stage {
 public:
  stage();

  // The only map of its directory, of 4 MiB and for 4 writers.
  void make_map() { map.emplace(twinmap::create_only, name, options); }
  // In the map and in what is expected of it.
  void put(const std::string& key, const std::string& value);

  holdings held() const;
  std::set<std::string> files() const;
  // That the map has what is expected, by every way to look. Empty if so.
  std::string difference() const;
  // With nobody attached: that it is sound, that nothing has leaked, and that nobody seems to
  // write.
  void expect_sound() const;

  const test_support::scoped_directory directory{test_support::default_directory()};
  const std::string name = "exhausted";
  const twinmap::options options;
  std::optional<strings> map;
  std::optional<strings> view;  // attached read-only, where a scenario wants one
  reference expected;
};

// Something to do with a map while the system refuses things.
struct scenario {
  std::string name;
  std::function<void(stage&)> prepare;
  std::function<void(stage&)> act;                             // throws if it fails
  std::function<void(reference&)> effect = [](reference&) {};  // on what is expected
  std::string may_go = {};  // a file that is nobody's: it may be gone when all else is as it was

  friend std::ostream& operator<<(std::ostream& out, const scenario& one) {
    return out << one.name;
  }
};
const std::vector<scenario>& scenarios();

}  // namespace exhaustion_test
