// The demo: several processes share one live map of real data, one of them is killed again and
// again, and every record is checked all the while. argv → stage → run → verdict → exit code.
#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <CLI/CLI.hpp>
#include <demo_program/caretaker.hpp>
#include <demo_program/corruption.hpp>
#include <demo_program/crew.hpp>
#include <demo_program/display.hpp>
#include <demo_program/place.hpp>
#include <demo_program/roles.hpp>
#include <demo_program/verdict.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <random>
#include <thread>

namespace {

using namespace demo;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

struct arguments {
  double seconds = 10;
  std::string input;
  bool corrupt = false;
  std::string daemon = daemon_beside_this_program();
};

volatile sig_atomic_t interrupted = 0;

void note_signal(int) {
  interrupted = 1;
}

void watch_signals() {
  struct sigaction action = {};
  action.sa_handler = note_signal;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGHUP, &action, nullptr);
}

board& make_board() {
  void* memory =
      ::mmap(nullptr, sizeof(board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::system_error(errno, std::system_category(), "mmap");
  return *::new (memory) board;
}

std::uint64_t bytes_in(const std::vector<record>& records) {
  std::uint64_t bytes = 0;
  for (const record& each : records)
    bytes += each.key.size() + each.body.size();
  return bytes;
}

double seconds_since(steady::time_point begin) {
  return std::chrono::duration<double>(steady::now() - begin).count();
}

/// Kills a victim about every half second, at a random moment.
class killer {
 public:
  bool due() {
    if (steady::now() < next_) return false;
    next_ = steady::now() + std::chrono::milliseconds(around_half_a_second_(random_));
    return true;
  }

 private:
  std::mt19937 random_{std::random_device{}()};
  std::uniform_int_distribution<int> around_half_a_second_{400, 600};
  steady::time_point next_ = steady::now() + 500ms;
};

/// Lets the processes work until the time is over, somebody pressed Ctrl-C, or one was lost.
std::vector<std::string> watch(const arguments& wanted, const stage& at, crew& processes,
                               caretaker& daemon, const record_map& view, display& screen,
                               const std::string& segment, std::string& corrupted) {
  std::vector<std::string> failures;
  killer kills;
  const steady::time_point begin = steady::now();
  while (interrupted == 0 && failures.empty() && seconds_since(begin) < wanted.seconds) {
    std::this_thread::sleep_for(5ms);
    for (const std::size_t line : processes.lost())
      failures.push_back(name_of_line(line) + " ended before its time");
    if (!failures.empty()) break;
    if (wanted.corrupt && corrupted.empty() && seconds_since(begin) > wanted.seconds / 3) {
      corrupted = corrupt_a_record(at, segment);
    }
    if (kills.due()) processes.kill_victim_and_replace();
    daemon.tick(view, seconds_since(begin) / wanted.seconds, failures);
    screen.tick(processes.kills());
  }
  if (interrupted == 0) daemon.finish(view, failures);
  for (const std::size_t line : processes.finish())
    failures.push_back(name_of_line(line) + " did not end well");
  return failures;
}

int run(const arguments& wanted) {
  stage at;
  at.records = wanted.input.empty() ? read_package_index() : read_json_lines(wanted.input);
  const std::uint64_t bytes = bytes_in(at.records);
  const own_map place(choose_directory(2 * bytes + (128u << 20)));
  at.map = place.name();
  at.directory = place.directory();
  board& shared = make_board();
  crew processes(at, shared);

  const steady::time_point begin = steady::now();
  if (!processes.run_alone([&] { load_records(at); }, [] { return interrupted != 0; })) return 130;
  fmt::print("{} records, {:.1f} MB, loaded into map {} in {} within {:.2f} s\n\n",
             at.records.size(), static_cast<double>(bytes) / 1e6, at.map, at.directory,
             seconds_since(begin));

  const record_map view(twinmap::open_read_only, at.map, where(at));
  caretaker daemon(at, wanted.daemon);
  daemon.start(view);
  display screen(shared, view, daemon.count());
  const twinmap::map_stats before = view.stats(false);
  processes.start();
  std::string corrupted;
  std::vector<std::string> failures =
      watch(wanted, at, processes, daemon, view, screen, place.segment_file(), corrupted);
  screen.last(processes.kills());
  if (interrupted != 0) {
    fmt::print(stderr, "interrupted\n");
    return 130;
  }
  const twinmap::map_stats after = view.stats(false);
  return judge(at, shared,
               {.kills = processes.kills(),
                .daemon = daemon.count(),
                .promotions = after.promotions - before.promotions,
                .by_daemon = after.promotions_by_caretaker - before.promotions_by_caretaker,
                .failures = std::move(failures),
                .corrupted_key = corrupted})
             ? 0
             : 1;
}

}  // namespace

// What may leave it: std::bad_alloc, and the complaint of CLI11 about options declared wrongly.
// NOLINTNEXTLINE(bugprone-exception-escape)
int main(int argc, char** argv) {
  arguments wanted;
  CLI::App app("Several processes share one live map; one of them is killed again and again.",
               "tools/demo");
  app.add_option("--seconds", wanted.seconds, "how long the processes work")
      ->capture_default_str()
      ->check(CLI::Range(0.5, 86400.0));
  app.add_option(
         "--input", wanted.input,
         "records to load, one {\"key\": …, \"value\": …} a line (default: the package index)")
      ->check(CLI::ExistingFile);
  app.add_option("--daemon", wanted.daemon, "the twinmapd to run; the demo does without, too")
      ->option_text("FILE");
  app.add_flag("--corrupt", wanted.corrupt, "damage one record on purpose: the run must then fail");
  CLI11_PARSE(app, argc, argv);
  watch_signals();
  try {
    return run(wanted);
  } catch (const std::exception& failure) {
    std::fputs(fmt::format("demo: {}\n", failure.what()).c_str(), stderr);
    return 1;
  }
}
