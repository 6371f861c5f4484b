// A program with a terminal of its own, as a person would run it.
#pragma once

#include <fcntl.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <vector>

namespace tools_test {

struct terminal_result {
  int exit = -1;
  std::string screen;  // all that was written to the terminal, as it was
};

struct terminal_options {
  unsigned short columns = 80;
  bool stdout_elsewhere = false;  // data goes to /dev/null, messages to the terminal
};

inline terminal_result run_on_terminal(std::vector<std::string> argv,
                                       terminal_options options = {}) {
  winsize size{};
  size.ws_row = 24;
  size.ws_col = options.columns;
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, &size);
  if (child < 0) throw std::system_error(errno, std::system_category(), "forkpty");
  if (child == 0) {
    if (options.stdout_elsewhere) ::dup2(::open("/dev/null", O_WRONLY), STDOUT_FILENO);
    std::vector<char*> words;
    for (std::string& each : argv)
      words.push_back(each.data());
    words.push_back(nullptr);
    ::execvp(words[0], words.data());
    ::_exit(127);
  }
  terminal_result result;
  char part[4096];
  // The terminal says EIO once nobody is left on its other side.
  for (ssize_t got; (got = ::read(terminal, part, sizeof part)) > 0;)
    result.screen.append(part, static_cast<std::size_t>(got));
  ::close(terminal);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status)) result.exit = WEXITSTATUS(status);
  return result;
}

}  // namespace tools_test
