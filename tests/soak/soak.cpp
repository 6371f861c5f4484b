#include "soak.hpp"

#include <twinmap/admin.hpp>

#include <csignal>
#include <sstream>
#include <system_error>
#include <thread>

#include "crew.hpp"

namespace soak {
namespace {

using clock = std::chrono::steady_clock;

// Small enough that a leak is met as no_space before long.
const twinmap::options options_of_map{.max_bytes = 48 << 20, .max_writers = 64};

// The map begins as one that was full once, of values of several thousand bytes, and is empty
// again; how much memory it had is the result. How densely values lie depends on how many chunks a
// writer has to look through for a free block: on the most that there ever were. In a young map a
// burst can raise that at any time; here none can, so that more memory after an hour is a leak.
std::uint64_t fill_and_empty(soak_map& map) {
  const std::string value(6000, 'x');
  std::error_code code;
  for (std::uint64_t key = 0; !code; ++key)
    map.store(key, value, code);
  if (code != twinmap::errc::no_space) throw std::system_error(code, "filling the map");
  const std::uint64_t full = map.info().bytes_committed;
  map.clear();
  twinmap::compact(map);
  return full;
}

}  // namespace

soak::soak(const settings& wanted)
    : wanted_(wanted),
      map_(twinmap::create_only, name_, options_of_map),
      samples_(wanted.csv),
      began_(clock::now()) {
  for (ledger& one : shared_->of)
    for (std::size_t place = 0; place != places; ++place)
      one.number[place] = place;
  full_kib_ = fill_and_empty(map_) / 1024;
  for (std::size_t i = 0; i != processes; ++i)
    crew_.push_back(start(i));
}

double soak::seconds() const {
  return std::chrono::duration<double>(clock::now() - began_).count();
}

test_support::child soak::start(std::size_t i) {
  const std::uint64_t seed = random_();
  return test_support::child([this, i, seed] {
    if (i >= writers && i < writers + readers) {
      const soak_map own(twinmap::open_read_only, name_);
      return read(own, *shared_, seed, *stop_);
    }
    soak_map own(twinmap::open_only, name_);
    if (i < writers)
      write(own, *shared_, i, seed, *stop_);
    else
      keep(own, seed, *stop_);
  });
}

void soak::settle(std::size_t i) {
  if (i < writers) audit(map_, *shared_, i);
}

// The first writer lives as long as the soak: it shows what a process comes to in time.
void soak::kill_one() {
  const std::size_t i = 1 + random_.below(processes - 1);
  if (crew_[i].running()) crew_[i].kill(SIGKILL);
  const test_support::outcome ended = crew_[i].wait();
  if (ended.signal != SIGKILL) {
    std::ostringstream text;
    text << "process " << i << " ended by itself: " << ended;
    complain(text.str());
  }
  ++kills_;
  settle(i);
  crew_[i] = start(i);
}

void soak::check() {
  ++checks_;
  for (const std::string& finding : twinmap::check(map_).findings)
    complain("check: " + finding);
}

void soak::run() {
  clock::time_point kill_at = began_ + wanted_.between_kills;
  clock::time_point sample_at = began_;
  clock::time_point check_at = began_ + wanted_.between_checks;
  const auto end = began_ + std::chrono::duration_cast<clock::duration>(wanted_.length);
  while (clock::now() < end && shared_->errors == 0) {
    std::this_thread::sleep_until(kill_at);
    kill_one();
    const clock::time_point now = clock::now();
    // A machine that is busy elsewhere gets no kills in a row.
    kill_at = std::max(kill_at + wanted_.between_kills, now);
    if (now >= sample_at) {
      samples_.take(seconds(), kills_, map_, *shared_, crew_[0].pid());
      sample_at = now + wanted_.between_samples;
    }
    if (now >= check_at) {
      check();
      check_at = now + wanted_.between_checks;
    }
  }
}

void soak::finish() {
  *stop_ = true;
  for (std::size_t i = 0; i != processes; ++i) {
    const test_support::outcome ended = crew_[i].wait();
    if (!(ended == 0)) {
      std::ostringstream text;
      text << "process " << i << " at the end: " << ended;
      complain(text.str());
    }
    settle(i);
  }
  twinmap::sweep(map_);
  std::uint64_t present = 0;
  map_.for_each([&](std::uint64_t, const std::string&) { ++present; });
  if (present != map_.size())
    complain("for_each came to " + std::to_string(present) + " keys, size says " +
             std::to_string(map_.size()));
  // Another sweeper, so that this process holds no blocks.
  map_.close();
  {
    soak_map sweeper(twinmap::open_only, name_);
    twinmap::sweep(sweeper);
  }
  const soak_map reader(twinmap::open_read_only, name_);
  const twinmap::check_report found = twinmap::check(reader);
  for (const std::string& finding : found.findings)
    complain("check at the end: " + finding);
  if (found.used_bytes != found.reachable_bytes)
    complain(std::to_string(found.used_bytes) + " bytes are in use at the end, and " +
             std::to_string(found.reachable_bytes) + " can be reached");
}

}  // namespace soak
