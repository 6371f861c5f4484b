#include <support/command.hpp>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <string_view>
#include <system_error>

namespace test_support {
namespace {

void check(int error, const std::string& what) {
  if (error != 0) throw std::system_error(error, std::system_category(), what);
}

struct pipe_ends {
  int read = -1;
  int write = -1;

  pipe_ends() {
    std::array<int, 2> ends;
    check(::pipe2(ends.data(), O_CLOEXEC) != 0 ? errno : 0, "pipe2");
    read = ends[0];
    write = ends[1];
  }
  pipe_ends(const pipe_ends&) = delete;
  pipe_ends& operator=(const pipe_ends&) = delete;
  ~pipe_ends() {
    close_end(read);
    close_end(write);
  }

  static void close_end(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
};

std::vector<char*> as_pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& text : strings)
    pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// This process's environment, with the added entries in place of those of the same name: programs
// differ in which of two equal names they believe.
std::vector<std::string> extended_environment(const std::vector<std::string>& added) {
  std::vector<std::string> all = added;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view inherited = *entry;
    const std::string_view name = inherited.substr(0, inherited.find('=') + 1);
    const bool overridden = std::any_of(
        added.begin(), added.end(), [&](std::string_view mine) { return mine.starts_with(name); });
    if (!overridden) all.emplace_back(inherited);
  }
  return all;
}

pid_t spawn(std::vector<std::string> argv, const command_options& options, const pipe_ends& in,
            const pipe_ends& out, const pipe_ends& err) {
  std::vector<std::string> environment = extended_environment(options.environment);
  posix_spawn_file_actions_t actions;
  check(::posix_spawn_file_actions_init(&actions), "posix_spawn_file_actions_init");
  ::posix_spawn_file_actions_adddup2(&actions, in.read, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, out.write, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err.write, STDERR_FILENO);
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, argv[0].c_str(), &actions, nullptr,
                                   as_pointers(argv).data(), as_pointers(environment).data());
  ::posix_spawn_file_actions_destroy(&actions);
  check(error, "cannot start " + argv[0]);
  return pid;
}

// Both directions at once, so that neither side can block the other on a full pipe.
class conversation {
 public:
  conversation(pipe_ends& in, pipe_ends& out, pipe_ends& err, std::string_view input,
               command_result& result)
      : in_(in), out_(out), err_(err), input_(input), result_(result) {
    pipe_ends::close_end(in_.read);
    pipe_ends::close_end(out_.write);
    pipe_ends::close_end(err_.write);
    ::fcntl(in_.write, F_SETFL, O_NONBLOCK);
  }

  bool finished() const { return out_.read < 0 && err_.read < 0; }

  void step(int wait_ms) {
    if (input_.empty()) pipe_ends::close_end(in_.write);
    std::array<pollfd, 3> ends{
        {{out_.read, POLLIN, 0}, {err_.read, POLLIN, 0}, {in_.write, POLLOUT, 0}}};
    if (::poll(ends.data(), ends.size(), wait_ms) <= 0) return;
    if (ends[0].revents != 0) take(out_.read, result_.out);
    if (ends[1].revents != 0) take(err_.read, result_.err);
    if (ends[2].revents != 0) give();
  }

 private:
  static void take(int& end, std::string& text) {
    std::array<char, 65536> buffer;
    const ssize_t got = ::read(end, buffer.data(), buffer.size());
    if (got > 0) text.append(buffer.data(), static_cast<std::size_t>(got));
    if (got == 0 || (got < 0 && errno != EINTR)) pipe_ends::close_end(end);
  }

  void give() {
    const ssize_t put = ::write(in_.write, input_.data(), input_.size());
    if (put > 0) input_.remove_prefix(static_cast<std::size_t>(put));
    if (put < 0 && errno != EINTR && errno != EAGAIN) input_ = {};  // it does not want the rest
  }

  pipe_ends& in_;
  pipe_ends& out_;
  pipe_ends& err_;
  std::string_view input_;
  command_result& result_;
};

}  // namespace

command_result run_command(const std::vector<std::string>& argv, const command_options& options) {
  // A program that closes its stdin early is not this process's end.
  static const auto ignored_once = ::signal(SIGPIPE, SIG_IGN);
  static_cast<void>(ignored_once);
  command_result result;
  pipe_ends in, out, err;
  const pid_t pid = spawn(argv, options, in, out, err);
  const auto deadline = std::chrono::steady_clock::now() + options.limit;
  conversation talk(in, out, err, options.input, result);
  while (!talk.finished()) {
    talk.step(50);
    if (!result.timed_out && std::chrono::steady_clock::now() > deadline) {
      result.timed_out = true;
      ::kill(pid, SIGKILL);
      break;  // a grandchild may hold the pipes open for longer
    }
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  result.exit = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return result;
}

}  // namespace test_support
