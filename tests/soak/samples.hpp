// What a soak takes of memory, leases and descriptors, as time goes on.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "book.hpp"

namespace soak {

struct sample {
  double seconds = 0;
  std::uint64_t kills = 0;
  std::uint64_t errors = 0;
  std::uint64_t parent_kib = 0;     // resident, of the process that kills
  std::uint64_t oldest_kib = 0;     // resident, of the writer that is never killed
  std::uint64_t committed_kib = 0;  // memory of the segment
  std::uint64_t used_kib = 0;       // of it in use
  std::uint64_t leases = 0;
  std::uint64_t parent_files = 0;  // descriptors
  std::uint64_t oldest_files = 0;
  std::uint64_t entries = 0;
};

class sampler {
 public:
  // Every sample also goes to that file, if there is a name.
  explicit sampler(const std::string& csv);

  void take(double seconds, std::uint64_t kills, const soak_map& map, const book& shared,
            pid_t oldest);
  // The mean of a column from `first` to `last` seconds.
  double mean(std::uint64_t sample::*column, double first, double last) const;
  const std::vector<sample>& all() const { return all_; }

 private:
  std::vector<sample> all_;
  std::ofstream csv_;
};

}  // namespace soak
