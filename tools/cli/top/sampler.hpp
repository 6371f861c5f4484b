// Looks at the maps of a directory, again and again, as they come and go. Attaches read-only and
// asks only for what is cheap; what takes a walk over all entries is asked for rarely.
#pragma once

#include <cli/top/model.hpp>
#include <twinmap/bytes_map.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace twinmap::top {

/// Which entries to walk for their states.
enum class walks : std::uint8_t {
  rarely,  ///< what a quarter of a million entries a second pays for, all maps together
  now,     ///< all of all maps
};

class sampler {
 public:
  /// Throws a std::system_error if the directory cannot be listed.
  explicit sampler(const options& where);

  /// One look at every map. Of the one named `page` also its info and its writers.
  void look(walks wanted = walks::rarely, const std::string& page = {},
            steady_time now = std::chrono::steady_clock::now());

  /// What only the page of a map shows, without waiting for the next look.
  void look_closer(const std::string& page);

  const model& seen() const { return seen_; }
  void set_interval(double seconds) { seen_.interval = seconds; }

 private:
  /// A file that is a map, was one, or only has the name of one.
  struct tracked {
    std::uint64_t file = 0;  ///< its inode: another file under the same name is another map
    bytes_map map;           ///< detached unless the row's condition is `present`
    map_row row;
    bool no_map = false;  ///< not to be shown
    steady_time looked_at{};
    steady_time attach_again{};  ///< of one that was unreadable; when to forget a removed one
    std::uint64_t walked_mark = 0;
    steady_time walked_at{};
  };
  using names_and_files = std::map<std::string, std::uint64_t>;

  names_and_files list_files() const;
  void notice_files(const names_and_files& files, steady_time now);
  void attach(const std::string& name, tracked& to, steady_time now);
  static void let_go(tracked& of, condition why, steady_time now);
  void take(tracked& of, steady_time now) const;
  void walk(tracked& of, walks wanted, std::size_t maps, steady_time now) const;
  static void take_details(tracked& of);

  options where_;
  std::map<std::string, tracked> maps_;
  model seen_;
};

}  // namespace twinmap::top
