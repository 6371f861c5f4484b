#include <demo_program/caretaker.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <twinmap/admin.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <thread>

namespace demo {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr auto patience = 10s;    // for an adoption, and for the end
constexpr auto down_for = 500ms;  // long enough for clients to promote by themselves
constexpr auto between_looks = 5ms;

std::string config_file(const stage& at) {
  return at.directory + "/twinmapd.toml";
}
std::string log_file(const stage& at) {
  return at.directory + "/twinmapd.log";
}

void write_config(const stage& at) {
  std::ofstream file(config_file(at));
  file << fmt::format("[daemon]\nsocket = \"{}/control.sock\"\ndirectory = \"{}\"\n", at.directory,
                      at.directory)
       << "log_level = \"warning\"\n";
}

/// In the child: becomes the daemon. Its words go to a file, not into the table.
[[noreturn]] void become_daemon(const std::string& program, const std::string& config,
                                const std::string& log, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  ::setpgid(0, 0);  // Ctrl-C is the parent's
  const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file >= 0) {
    ::dup2(file, STDOUT_FILENO);
    ::dup2(file, STDERR_FILENO);
  }
  ::execl(program.c_str(), "twinmapd", "--config", config.c_str(), nullptr);
  const std::string why = "cannot run " + program + ": " + std::system_category().message(errno);
  if (::write(STDERR_FILENO, why.data(), why.size()) < 0) ::_exit(126);
  ::_exit(127);
}

}  // namespace

std::string daemon_beside_this_program() {
  std::error_code ignored;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  return (self.parent_path().parent_path() / "daemon" / "twinmapd").string();
}

caretaker::~caretaker() {
  if (count_.pid == 0) return;
  ::kill(count_.pid, SIGKILL);
  while (::waitpid(count_.pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void caretaker::launch() {
  adopted_ = false;
  std::fflush(nullptr);
  const std::string config = config_file(at_);
  const std::string log = log_file(at_);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw std::system_error(errno, std::system_category(), "fork");
  if (pid == 0) become_daemon(program_, config, log, parent);
  count_.pid = pid;
}

bool caretaker::ended(int& status) {
  if (count_.pid == 0 || ::waitpid(count_.pid, &status, WNOHANG) == 0) return false;
  count_.pid = 0;
  return true;
}

std::string caretaker::last_words() const {
  std::ifstream log(log_file(at_));
  std::string last;
  for (std::string line; std::getline(log, line);)
    if (!line.empty()) last = line;
  return last.empty() ? "it said nothing" : last;
}

void caretaker::note_adoption(const record_map& map) {
  if (adopted_ || count_.pid == 0) return;
  const auto all = twinmap::writers(map);
  adopted_ = std::any_of(all.begin(), all.end(), [this](const twinmap::writer_info& each) {
    return each.caretaker && each.process == static_cast<std::uint32_t>(count_.pid);
  });
  if (adopted_) ++count_.adoptions;
}

void caretaker::start(const record_map& map) {
  if (::access(program_.c_str(), X_OK) != 0) {
    fmt::print(stderr, "no daemon: {} cannot be run: {}. Going on without it.\n", program_,
               std::system_category().message(errno));
    return;
  }
  write_config(at_);
  launch();
  const auto deadline = steady::now() + patience;
  int status = 0;
  bool over = false;
  while (!adopted_ && !over && steady::now() < deadline) {
    note_adoption(map);
    over = ended(status);
    std::this_thread::sleep_for(between_looks);
  }
  count_.runs = adopted_;
  if (adopted_) return;
  fmt::print(stderr, "no daemon: {} did not adopt the map: {}. Going on without it.\n", program_,
             last_words());
  if (over) return;
  ::kill(count_.pid, SIGKILL);
  while (::waitpid(count_.pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  count_.pid = 0;
}

void caretaker::tick(const record_map& map, double share_of_time,
                     std::vector<std::string>& failures) {
  if (!count_.runs) return;
  int status = 0;
  if (ended(status)) {
    count_.runs = false;
    failures.push_back("the daemon ended before its time: " + last_words());
    return;
  }
  const bool half_way = count_.kills == 0 && count_.pid != 0 && share_of_time >= 0.5;
  if (half_way) {
    ::kill(count_.pid, SIGKILL);
    while (::waitpid(count_.pid, &status, 0) < 0 && errno == EINTR) {
    }
    count_.pid = 0;
    ++count_.kills;
    again_at_ = steady::now() + down_for;
  }
  if (count_.pid == 0 && steady::now() >= again_at_) launch();
  note_adoption(map);
}

void caretaker::finish(const record_map& map, std::vector<std::string>& failures) {
  if (!count_.runs) return;
  const auto deadline = steady::now() + patience;
  while (failures.empty() && count_.adoptions <= count_.kills && steady::now() < deadline) {
    tick(map, 0, failures);
    std::this_thread::sleep_for(between_looks);
  }
  if (count_.pid == 0) return;
  ::kill(count_.pid, SIGTERM);
  int status = 0;
  while (!ended(status)) {
    if (steady::now() > deadline + patience) {
      failures.push_back("the daemon did not end when it was asked to: " + last_words());
      return;
    }
    std::this_thread::sleep_for(between_looks);
  }
  count_.finished = true;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    failures.push_back("the daemon did not end well: " + last_words());
}

}  // namespace demo
