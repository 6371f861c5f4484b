#include <demo_program/display.hpp>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <locale>

namespace demo {
namespace {

/// 1234567 as 1,234,567, whatever the locale.
std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;)
    digits.insert(at -= 3, ",");
  return digits;
}

double seconds_between(steady_time from, steady_time to) {
  return std::max(1e-3, std::chrono::duration<double>(to - from).count());
}

std::uint64_t sum(const board& shared, counter process_line::*field) {
  std::uint64_t total = 0;
  for (const process_line& line : shared.lines)
    total += (line.*field).load();
  return total;
}

}  // namespace

display::display(const board& shared, const record_map& map, const daemon_count& daemon)
    : shared_(shared),
      map_(map),
      daemon_(daemon),
      begun_(map.stats(false)),
      terminal_(::isatty(STDOUT_FILENO) == 1),
      begin_(std::chrono::steady_clock::now()),
      drawn_(begin_) {}

std::array<std::uint64_t, process_count> display::operations() const {
  std::array<std::uint64_t, process_count> now{};
  for (std::size_t line = 0; line < process_count; ++line)
    now[line] = shared_.lines[line].operations.load();
  return now;
}

display::rates display::since(const std::array<std::uint64_t, process_count>& before,
                              double seconds) const {
  rates per_second = operations();
  for (std::size_t line = 0; line < process_count; ++line) {
    const auto done = static_cast<double>(per_second[line] - before[line]);
    per_second[line] = static_cast<std::uint64_t>(done / seconds);
  }
  return per_second;
}

std::string display::table(const rates& per_second, const kill_count& kills) const {
  std::string text =
      fmt::format("{:<9} {:>8} {:<10} {:>12} {:>14} {:>12} {:>9} {:>10} {:>10} {:>10}\n", "process",
                  "pid", "attached", "op/s", "hits read", "hits dirty", "retries", "promotions",
                  "take-overs", "mismatches");
  for (std::size_t line = 0; line < process_count; ++line) {
    const process_line& own = shared_.lines[line];
    text +=
        fmt::format("{:<9} {:>8} {:<10} {:>12} {:>14} {:>12} {:>9} {:>10} {:>10} {:>10}\n",
                    name_of_line(line), own.pid.load(),
                    read_only_reader(line) ? "read-only" : "writable", grouped(per_second[line]),
                    grouped(own.hits_read), grouped(own.hits_dirty), grouped(own.retries),
                    grouped(own.promotions), grouped(own.take_overs), grouped(own.mismatches));
  }
  const twinmap::map_stats stats = map_.stats(false);
  const double elapsed = seconds_between(begin_, std::chrono::steady_clock::now());
  text += fmt::format(
      "\n{:.1f} s   {} entries, {} MiB used   {} promotions, {} builds of dirty, {} take-overs\n"
      "victims: {} killed, {} of them inside an operation\n{}",
      elapsed, grouped(stats.entries), stats.bytes_used >> 20, promotions(stats).all,
      stats.dirty_builds, stats.take_overs, kills.kills, kills.inside(), daemon_line(stats));
  return text;
}

display::promotion_count display::promotions(const twinmap::map_stats& stats) const {
  const std::uint64_t all = stats.promotions - begun_.promotions;
  const std::uint64_t by_daemon = stats.promotions_by_caretaker - begun_.promotions_by_caretaker;
  return {all, by_daemon};
}

std::string display::daemon_line(const twinmap::map_stats& stats) const {
  const promotion_count promoted = promotions(stats);
  if (!daemon_.runs) return "daemon: none, clients promote\n";
  return fmt::format(
      "daemon: {}, {} promotions by it, {} by clients; killed {}, adopted the map {} times\n",
      daemon_.state(), promoted.by_daemon, promoted.all - promoted.by_daemon, daemon_.kills,
      daemon_.adoptions);
}

std::string display::plain_line(const rates& per_second, const kill_count& kills) const {
  std::uint64_t reads = 0;
  for (std::size_t line = 0; line < reader_count; ++line)
    reads += per_second[line];
  const promotion_count promoted = promotions(map_.stats(false));
  return fmt::format(
      "{:3.0f} s  lookups {}/s  writes {}/s  hits read {} dirty {}  retries {}  promotions {} "
      "({} by the daemon)  take-overs {}  kills {} ({} inside)  daemon {}  mismatches {}\n",
      seconds_between(begin_, std::chrono::steady_clock::now()), grouped(reads),
      grouped(per_second[writer_line] + per_second[victim_line]),
      grouped(sum(shared_, &process_line::hits_read)),
      grouped(sum(shared_, &process_line::hits_dirty)),
      grouped(sum(shared_, &process_line::retries)), promoted.all, promoted.by_daemon,
      sum(shared_, &process_line::take_overs), kills.kills, kills.inside(), daemon_.state(),
      sum(shared_, &process_line::mismatches));
}

void display::erase_previous() {
  if (lines_on_screen_ != 0) fmt::print("\x1b[{}A\x1b[J", lines_on_screen_);
}

void display::tick(const kill_count& kills) {
  const steady_time now = std::chrono::steady_clock::now();
  const double passed = seconds_between(drawn_, now);
  if (passed < (terminal_ ? 0.25 : 1.0)) return;
  const rates per_second = since(drawn_operations_, passed);
  drawn_ = now;
  drawn_operations_ = operations();
  if (terminal_) {
    const std::string text = table(per_second, kills);
    erase_previous();
    fmt::print("{}", text);
    lines_on_screen_ = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  } else {
    fmt::print("{}", plain_line(per_second, kills));
  }
  std::fflush(stdout);
}

void display::last(const kill_count& kills) {
  erase_previous();
  fmt::print("{}\n",
             table(since({}, seconds_between(begin_, std::chrono::steady_clock::now())), kills));
}

}  // namespace demo
