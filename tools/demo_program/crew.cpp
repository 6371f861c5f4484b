#include <demo_program/crew.hpp>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <demo_program/roles.hpp>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <numeric>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace demo {
namespace {

/// Children leave Ctrl-C to the parent, which stops them, and never outlive it.
pid_t fork_child(const std::function<void()>& body) {
  std::fflush(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw std::system_error(errno, std::system_category(), "fork");
  if (pid > 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGTERM, SIG_DFL);
  try {
    body();
    ::_exit(0);
  } catch (const std::exception& failure) {
    fmt::print(stderr, "process {}: {}\n", ::getpid(), failure.what());
  }
  ::_exit(1);
}

bool ended_well(int status) {
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

std::uint64_t kill_count::inside() const {
  return std::accumulate(by_operation.begin() + 1, by_operation.end(), std::uint64_t{0});
}

std::string name_of_line(std::size_t line) {
  if (line == writer_line) return "writer";
  if (line == victim_line) return "victim";
  return fmt::format("reader {}", line + 1);
}

crew::~crew() {
  for (const int pid : pids_) {
    if (pid == 0) continue;
    ::kill(pid, SIGKILL);
    wait_for(pid);
  }
}

bool crew::run_alone(const std::function<void()>& body, const std::function<bool()>& interrupted) {
  const pid_t pid = fork_child(body);
  int status = 0;
  while (::waitpid(pid, &status, WNOHANG) == 0) {
    if (interrupted()) {
      ::kill(pid, SIGKILL);
      wait_for(pid);
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  if (!ended_well(status)) throw std::runtime_error("loading failed");
  return true;
}

void crew::start_line(std::size_t line) {
  process_line& own = shared_.lines[line];
  own.doing = operation::none;
  pids_[line] = fork_child([this, line, &own] {
    own.pid = ::getpid();
    if (line == writer_line) return run_writer(at_, shared_, own);
    if (line == victim_line) return run_victim(at_, shared_, own);
    run_reader(at_, shared_, own, read_only_reader(line));
  });
}

void crew::start() {
  for (std::size_t line = 0; line < process_count; ++line)
    start_line(line);
}

void crew::kill_victim_and_replace() {
  ::kill(pids_[victim_line], SIGKILL);
  const int status = wait_for(pids_[victim_line]);
  pids_[victim_line] = 0;
  if (!WIFSIGNALED(status)) throw std::runtime_error("the victim had ended by itself");
  ++kills_.kills;
  const auto where = static_cast<std::size_t>(shared_.lines[victim_line].doing.load());
  ++kills_.by_operation.at(where);
  start_line(victim_line);
}

std::vector<std::size_t> crew::lost() {
  std::vector<std::size_t> lines;
  for (std::size_t line = 0; line < process_count; ++line) {
    int status = 0;
    if (pids_[line] == 0 || ::waitpid(pids_[line], &status, WNOHANG) == 0) continue;
    pids_[line] = 0;
    lines.push_back(line);
  }
  return lines;
}

std::vector<std::size_t> crew::finish() {
  shared_.stop = true;
  std::vector<std::size_t> bad;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(15);
  for (std::size_t line = 0; line < process_count; ++line) {
    if (pids_[line] == 0) continue;
    int status = 0;
    bool late = false;
    while (::waitpid(pids_[line], &status, WNOHANG) == 0 && !late) {
      late = std::chrono::steady_clock::now() > deadline;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    if (late) {
      ::kill(pids_[line], SIGKILL);
      status = wait_for(pids_[line]);
    }
    pids_[line] = 0;
    if (!ended_well(status)) bad.push_back(line);
  }
  return bad;
}

}  // namespace demo
