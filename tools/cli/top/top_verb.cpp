// The verb: options → live screen or snapshots.
#include <poll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <cli/exit_code.hpp>
#include <cli/output.hpp>
#include <cli/top/layout.hpp>
#include <cli/top/sampler.hpp>
#include <cli/top/screen.hpp>
#include <cli/top/snapshot.hpp>
#include <cli/verbs.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <optional>
#include <system_error>

namespace twinmap::cli {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

struct top_arguments {
  double interval = 1;
  std::optional<std::uint64_t> count;
};

/// Signals as a descriptor, for as long as it lives.
class signals {
 public:
  signals() {
    ::sigemptyset(&these_);
    for (const int each : {SIGINT, SIGTERM, SIGHUP, SIGWINCH})
      ::sigaddset(&these_, each);
    ::pthread_sigmask(SIG_BLOCK, &these_, &before_);
    descriptor_ = ::signalfd(-1, &these_, SFD_CLOEXEC | SFD_NONBLOCK);
    if (descriptor_ < 0) throw std::system_error(errno, std::system_category(), "signalfd");
  }
  ~signals() {
    ::close(descriptor_);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  signals(const signals&) = delete;
  signals& operator=(const signals&) = delete;

  int descriptor() const { return descriptor_; }

  /// The next one that came; 0 if there is none.
  int next() const {
    signalfd_siginfo came{};
    return ::read(descriptor_, &came, sizeof came) == sizeof came ? static_cast<int>(came.ssi_signo)
                                                                  : 0;
  }

 private:
  sigset_t these_{};
  sigset_t before_{};
  int descriptor_ = -1;
};

class live {
 public:
  live(top::sampler& maps, double interval) : maps_(maps), interval_(interval) {}

  /// Until somebody quits. The signal that ended it, 0 for a key or Ctrl-C.
  int run() {
    sample();
    // The first rates come soon, however long the interval is.
    next_ = steady_clock::now() + std::min<steady_clock::duration>(interval_duration(), 300ms);
    draw();
    while (!view_.quit) {
      const int signal = wait();
      if (signal == SIGINT) return 0;
      if (signal != 0) return signal;
      take_keys();
      if (!view_.paused && steady_clock::now() >= next_) sample();
      draw();
    }
    return 0;
  }

 private:
  steady_clock::duration interval_duration() const {
    return std::chrono::duration_cast<steady_clock::duration>(
        std::chrono::duration<double>(interval_));
  }

  void sample() {
    maps_.look(top::walks::rarely, view_.page);
    next_ = steady_clock::now() + interval_duration();
  }

  /// Until a key, a signal or the next look. The signal that is to end it, or 0.
  int wait() {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_ - steady_clock::now());
    const int timeout =
        view_.paused ? -1 : static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 86'400'000));
    std::array<pollfd, 2> ends{{{STDIN_FILENO, POLLIN, 0}, {signals_.descriptor(), POLLIN, 0}}};
    ::poll(ends.data(), ends.size(), timeout);
    if ((ends[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) return SIGHUP;
    for (int signal = signals_.next(); signal != 0; signal = signals_.next()) {
      if (signal != SIGWINCH) return signal;
      screen_.resized();
    }
    return 0;
  }

  void take_keys() {
    const std::string page = view_.page;
    while (const std::optional<top::key_press> key = screen_.next_key())
      top::press(view_, maps_.seen(), *key);
    if (view_.page != page && !view_.page.empty()) maps_.look_closer(view_.page);
  }

  void draw() {
    const top::extent size = screen_.size();
    top::settle(view_, maps_.seen(), top::list_rows(size));
    screen_.show(top::draw(maps_.seen(), view_, size, screen_.shows()));
  }

  top::sampler& maps_;
  double interval_;
  signals signals_;
  top::screen screen_;
  top::view view_;
  steady_clock::time_point next_{};
};

/// Each map takes a descriptor.
void allow_many_maps() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

void run_top(const settings& common, const top_arguments& arguments) {
  allow_many_maps();
  top::sampler maps(where(common));
  maps.set_interval(arguments.interval);
  const bool terminal = ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
  if (!terminal || arguments.count || common.output != output_format::table) {
    return top::write_snapshots(common, maps, arguments.interval, arguments.count.value_or(1));
  }
  if (const int signal = live(maps, arguments.interval).run(); signal != 0) {
    std::signal(signal, SIG_DFL);  // the terminal is as it was: now as for any other program
    std::raise(signal);
  }
}

}  // namespace

void add_top_verb(const verb_table& verbs) {
  const auto arguments = std::make_shared<top_arguments>();
  CLI::App* verb = verbs.add(
      "top", "Watch all maps live; without a terminal, print what happened in an interval",
      [&common = verbs.common, arguments] { run_top(common, *arguments); });
  verb->add_option("-i", arguments->interval, "seconds between two looks")
      ->capture_default_str()
      ->check(CLI::Range(0.05, 86400.0));
  verb->add_option("-n", arguments->count, "print so many plain snapshots, also on a terminal")
      ->check(CLI::PositiveNumber);
}

}  // namespace twinmap::cli
