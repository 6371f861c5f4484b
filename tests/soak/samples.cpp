#include "samples.hpp"

#include <unistd.h>

#include <filesystem>
#include <system_error>

namespace soak {
namespace {

std::uint64_t resident_kib(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmRSS:", 0) == 0) return std::stoull(line.substr(6));
  return 0;
}

std::uint64_t open_files(pid_t pid) {
  std::error_code gone;
  std::uint64_t count = 0;
  for (std::filesystem::directory_iterator at("/proc/" + std::to_string(pid) + "/fd", gone), end;
       !gone && at != end; at.increment(gone))
    ++count;
  return count;
}

}  // namespace

sampler::sampler(const std::string& csv) {
  if (csv.empty()) return;
  csv_.open(csv);
  csv_ << "seconds,kills,errors,parent_kib,oldest_kib,committed_kib,used_kib,leases,parent_files,"
          "oldest_files,entries"
       << std::endl;
}

void sampler::take(double seconds, std::uint64_t kills, const soak_map& map, const book& shared,
                   pid_t oldest) {
  const twinmap::map_stats now = map.stats(false);
  const sample one{.seconds = seconds,
                   .kills = kills,
                   .errors = shared.errors,
                   .parent_kib = resident_kib(::getpid()),
                   .oldest_kib = resident_kib(oldest),
                   .committed_kib = now.bytes_committed >> 10,
                   .used_kib = now.bytes_used >> 10,
                   .leases = now.writers,
                   .parent_files = open_files(::getpid()),
                   .oldest_files = open_files(oldest),
                   .entries = now.entries};
  all_.push_back(one);
  if (!csv_.is_open()) return;
  csv_ << one.seconds << ',' << one.kills << ',' << one.errors << ',' << one.parent_kib << ','
       << one.oldest_kib << ',' << one.committed_kib << ',' << one.used_kib << ',' << one.leases
       << ',' << one.parent_files << ',' << one.oldest_files << ',' << one.entries << std::endl;
}

double sampler::mean(std::uint64_t sample::*column, double first, double last) const {
  double sum = 0;
  double count = 0;
  for (const sample& one : all_) {
    if (one.seconds < first || one.seconds > last) continue;
    sum += static_cast<double>(one.*column);
    ++count;
  }
  return count == 0 ? 0 : sum / count;
}

}  // namespace soak
