#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <cli/progress_bar.hpp>

#include <algorithm>
#include <cstdio>

namespace twinmap::cli {
namespace {

constexpr auto redraw_after = std::chrono::milliseconds(100);
constexpr std::size_t narrowest_bar = 10;
constexpr std::size_t widest_bar = 40;
// A guess from the first moments says nothing.
constexpr double seconds_before_a_guess = 1;

std::size_t terminal_width() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

std::string clock_time(double seconds) {
  const auto whole = static_cast<std::uint64_t>(seconds);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace

progress_bar::progress_bar(const settings& common, std::string title, std::uint64_t total,
                           std::string unit)
    : shown_(!common.quiet && ::isatty(STDERR_FILENO) == 1),
      title_(std::move(title)),
      unit_(std::move(unit)),
      total_(total),
      started_(clock::now()) {
  if (shown_) draw();
}

progress_bar::~progress_bar() {
  if (shown_) std::fputc('\n', stderr);
}

void progress_bar::at(std::uint64_t done, std::uint64_t count) {
  if (!shown_) return;
  done_ = done;
  count_ = count;
  if (clock::now() - drawn_ >= redraw_after) draw();
}

void progress_bar::finish() {
  if (!shown_) return;
  if (total_ == 0) total_ = 1;
  done_ = total_;
  draw();
}

void progress_bar::draw() {
  drawn_ = clock::now();
  // The last column stays free: a character there may take the cursor to the next line.
  const std::string text = line(terminal_width() - 1);
  // And nothing of a longer line before it. Does not throw where the terminal has gone.
  std::fputs(fmt::format("\r{}\x1b[K", text).c_str(), stderr);
  std::fflush(stderr);
}

std::string progress_bar::times(double seconds) const {
  const double share =
      total_ == 0 ? 0 : static_cast<double>(done_) / static_cast<double>(std::max(total_, done_));
  if (share <= 0 || share >= 1 || seconds < seconds_before_a_guess) return clock_time(seconds);
  return fmt::format("{}, {} left", clock_time(seconds), clock_time(seconds / share - seconds));
}

std::string progress_bar::line(std::size_t width) const {
  const double seconds = std::chrono::duration<double>(clock::now() - started_).count();
  std::string counted = count_ == 0 ? "" : fmt::format("  {} {}", count_, unit_);
  if (total_ == 0) return fmt::format("{}{}  {}", title_, counted, times(seconds)).substr(0, width);
  const std::uint64_t done = std::min(done_, total_);
  const double share = static_cast<double>(done) / static_cast<double>(total_);
  const auto percent = static_cast<unsigned>(share * 100);
  const std::string rest = fmt::format(" {:3} %{}  {}", percent, counted, times(seconds));
  // What does not fit is left out from the least needed on: the counts, the title, the bar.
  const std::size_t brackets = 3;
  std::size_t taken = title_.size() + brackets + rest.size();
  if (taken + narrowest_bar > width) {
    const std::string only = fmt::format("{} {:3} %", title_, percent);
    return only.size() <= width ? only : fmt::format("{:3} %", percent).substr(0, width);
  }
  const std::size_t bar = std::min(widest_bar, width - taken);
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(bar));
  std::string drawn(filled, '=');
  if (filled < bar) drawn += '>';
  drawn.resize(bar, ' ');
  return fmt::format("{} [{}]{}", title_, drawn, rest);
}

}  // namespace twinmap::cli
