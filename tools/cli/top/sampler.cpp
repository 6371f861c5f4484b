#include <cli/top/sampler.hpp>

#include <dirent.h>
#include <sys/stat.h>
#include <twinmap/admin.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

namespace twinmap::top {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view file_prefix = "twinmap.";
constexpr double walked_per_second = 250'000;  // about 3 ms of a second
constexpr auto removed_is_shown_for = 5s;
constexpr auto unreadable_is_tried_every = 5s;

double seconds_between(steady_time from, steady_time to) {
  return std::chrono::duration<double>(to - from).count();
}

/// The library's own rule.
std::string directory_of(const options& where) {
  if (!where.directory.empty()) return where.directory;
  const char* chosen = std::getenv("TWINMAP_DIR");
  return chosen != nullptr && *chosen != '\0' ? chosen : "/dev/shm";
}

/// Changes whenever an entry may have changed its state: a sum of what only grows.
std::uint64_t mark_of(const map_stats& stats) {
  return stats.inserts + stats.erases + stats.revived + stats.expunged + stats.unexpunged +
         stats.purged + stats.swept_slots + stats.fix_ups + stats.promotions;
}

/// Reading a map whose file was cut off is SIGBUS (P7).
bool is_cut(const std::string& file, std::uint64_t expected) {
  struct stat now = {};
  return ::stat(file.c_str(), &now) == 0 && static_cast<std::uint64_t>(now.st_size) < expected;
}

/// Whether the library calls that file a map that cannot be read, and not some other program's.
bool is_listed(const std::string& name, const options& where) {
  const std::vector<map_info> all = list(where);
  return std::any_of(all.begin(), all.end(),
                     [&](const map_info& each) { return each.name == name; });
}

}  // namespace

rates rates_between(const map_stats& before, const map_stats& now, double seconds) {
  const auto per_second = [&](std::uint64_t from, std::uint64_t to) {
    return to > from && seconds > 0 ? static_cast<double>(to - from) / seconds : 0.0;
  };
  return {per_second(before.hits_read + before.hits_dirty, now.hits_read + now.hits_dirty),
          per_second(before.stores + before.erases, now.stores + now.erases),
          per_second(before.misses, now.misses), per_second(before.promotions, now.promotions)};
}

sampler::sampler(const options& where) : where_(where) {
  where_.directory = directory_of(where);
  seen_.directory = where_.directory;
  static_cast<void>(list_files());
}

void sampler::look_closer(const std::string& page) {
  const auto known = maps_.find(page);
  if (known == maps_.end()) return;
  take_details(known->second);
  for (map_row& each : seen_.maps) {
    if (each.name == page) each = known->second.row;
  }
}

void sampler::take_details(tracked& of) {
  if (of.row.state != condition::present) return;
  if (!of.row.info) of.row.info = of.map.info();
  of.row.writers = writers(of.map);
}

sampler::names_and_files sampler::list_files() const {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(where_.directory.c_str()),
                                                      ::closedir);
  if (directory == nullptr) {
    throw std::system_error(errno, std::system_category(),
                            "cannot list the maps of " + where_.directory);
  }
  names_and_files found;
  while (const dirent* file = ::readdir(directory.get())) {
    const std::string_view name = file->d_name;
    if (name.starts_with(file_prefix) && !name.ends_with(".lock"))
      found.emplace(name.substr(file_prefix.size()), file->d_ino);
  }
  return found;
}

void sampler::look(walks wanted, const std::string& page, steady_time now) {
  seen_.taken_at = std::time(nullptr);
  seen_.complaint.clear();
  names_and_files files;
  try {
    files = list_files();
  } catch (const std::system_error& failure) {
    seen_.complaint = failure.what();
  }
  notice_files(files, now);
  std::size_t present = 0;
  for (auto& [name, each] : maps_)
    present += each.row.state == condition::present ? 1u : 0u;
  seen_.maps.clear();
  for (auto& [name, each] : maps_) {
    if (each.row.state == condition::present) {
      take(each, now);
      walk(each, wanted, present, now);
    }
    if (name == page) take_details(each);
    if (!each.no_map) seen_.maps.push_back(each.row);
  }
}

void sampler::notice_files(const names_and_files& files, steady_time now) {
  for (auto each = maps_.begin(); each != maps_.end();) {
    tracked& known = each->second;
    const auto file = files.find(each->first);
    const bool there = file != files.end();
    const bool same = there && file->second == known.file;
    if (known.row.state == condition::present && (!same || known.map.retired()))
      let_go(known, condition::removed, now);
    const bool forget = known.row.state == condition::removed
                            ? !there && now >= known.attach_again
                            : !there && known.row.state == condition::unreadable;
    each = forget ? maps_.erase(each) : std::next(each);
  }
  for (const auto& [name, file] : files) {
    const auto [at, fresh] = maps_.try_emplace(name);
    tracked& each = at->second;
    const bool another = each.file != file;
    // Some file systems give the number of a removed file to the next one.
    const bool again = each.row.state == condition::removed ||
                       (each.row.state == condition::unreadable && now >= each.attach_again);
    each.file = file;
    const bool cut =
        each.row.state == condition::present &&
        is_cut(where_.directory + "/" + std::string(file_prefix) + name, each.row.stats.bytes_max);
    if (fresh || another || again || cut) attach(name, each, now);
  }
}

void sampler::attach(const std::string& name, tracked& to, steady_time now) {
  const std::uint64_t file = to.file;
  to = {};
  to.file = file;
  to.row.name = name;
  try {
    to.map = bytes_map(open_read_only, name, where_);
    to.walked_at = now;
    if (to.map.retired()) let_go(to, condition::removed, now);
  } catch (const error& failure) {
    let_go(to, condition::unreadable, now);
    to.row.error = failure.what();
    to.no_map = failure.code() == errc::not_found || failure.code() == errc::invalid_name;
    const bool doubtful =
        failure.code() == errc::corrupted || failure.code() == errc::incompatible_layout;
    if (doubtful) to.no_map = !is_listed(name, where_);
  }
}

void sampler::let_go(tracked& of, condition why, steady_time now) {
  of.map.close();  // or top would keep the memory of a removed map
  of.row.state = why;
  of.row.now.reset();
  of.row.writers.reset();
  of.attach_again =
      now + (why == condition::removed ? removed_is_shown_for : unreadable_is_tried_every);
}

void sampler::take(tracked& of, steady_time now) const {
  map_stats stats = of.map.stats(false);
  const bool first = of.looked_at == steady_time{};
  if (!first) {
    of.row.now = rates_between(of.row.stats, stats, seconds_between(of.looked_at, now));
    of.row.history.push_back({*of.row.now, stats.bytes_used});
    if (of.row.history.size() > moments_kept) of.row.history.pop_front();
  }
  of.row.stats = stats;
  of.looked_at = now;
}

void sampler::walk(tracked& of, walks wanted, std::size_t maps, steady_time now) const {
  const std::uint64_t mark = mark_of(of.row.stats);
  if (of.row.absent) of.row.absent->current = mark == of.walked_mark;
  if (of.row.absent && of.row.absent->current) return;
  // Each map waits until its share of what may be walked in a second pays for its entries.
  const double cost = static_cast<double>(of.row.stats.slots_used * maps) / walked_per_second;
  const bool cheap_beginning = !of.row.absent && cost <= 1;
  const bool due =
      wanted == walks::now || cheap_beginning || seconds_between(of.walked_at, now) >= cost;
  if (!due) return;
  const map_stats walked = of.map.stats(true);
  of.row.absent = {walked.entries_nil, walked.entries_expunged, walked.entries_free, true};
  of.walked_mark = mark;
  of.walked_at = now;
}

}  // namespace twinmap::top
