#include "server.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include "connection.hpp"

namespace bench::shapes {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::system_category(), what);
}

}  // namespace

bool is_installed(const std::string& program) {
  const char* const path = std::getenv("PATH");
  std::istringstream directories(path != nullptr ? path : "");
  for (std::string directory; std::getline(directories, directory, ':');) {
    if (access((directory + "/" + program).c_str(), X_OK) == 0) return true;
  }
  std::fprintf(stderr, "%s is not installed: left out\n", program.c_str());
  return false;
}

server_process::server_process(const std::vector<std::string>& command,
                               const std::filesystem::path& socket, std::filesystem::path log)
    : log_(std::move(log)) {
  start(command);
  try {
    await(socket);
  } catch (...) {
    stop();
    throw;
  }
}

server_process::~server_process() {
  stop();
}

void server_process::start(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& argument : command)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const int output = open(log_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (output < 0) fail("cannot write " + log_.string());
  const pid_t parent = getpid();
  child_ = fork();
  if (child_ == 0) {
    // Of its own group: a Ctrl-C is for the program, which then ends its server.
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  const int problem = errno;
  close(output);
  if (child_ < 0) {
    errno = problem;
    fail("fork");
  }
}

void server_process::await(const std::filesystem::path& socket) {
  using namespace std::chrono_literals;
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (std::chrono::steady_clock::now() < until) {
    if (const int connected = try_connect(socket); connected >= 0) {
      close(connected);
      return;
    }
    if (waitpid(child_, nullptr, WNOHANG) == child_) {
      child_ = -1;
      throw std::runtime_error("the server ended before it answered: " + last_words());
    }
    std::this_thread::sleep_for(2ms);
  }
  throw std::runtime_error("the server did not answer within 10 s: " + last_words());
}

void server_process::stop() noexcept {
  if (child_ < 0) return;
  // It has nothing to save.
  kill(child_, SIGKILL);
  while (waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
  child_ = -1;
}

std::string server_process::last_words() const {
  std::ifstream log(log_);
  const std::string text{std::istreambuf_iterator<char>(log), {}};
  constexpr std::size_t most = 200;
  return text.size() <= most ? text : text.substr(text.size() - most);
}

}  // namespace bench::shapes
