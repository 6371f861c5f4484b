#include "running_daemon.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <support/sandbox.hpp>
#include <support/shared_page.hpp>

#include <fcntl.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace daemon_test {
namespace {

using test_support::child;
using test_support::eventually;

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

bool readable(int descriptor, milliseconds limit) {
  pollfd wait{descriptor, POLLIN, 0};
  return ::poll(&wait, 1, static_cast<int>(limit.count())) > 0;
}

milliseconds time_until(std::chrono::steady_clock::time_point deadline) {
  const auto left = deadline - std::chrono::steady_clock::now();
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(left));
}

std::string slurp(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The child's side: becomes the daemon.
int become(const place& where, const std::string& notify, const start_options& how) {
  const int log = ::open(where.log().c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  ::dup2(log, STDERR_FILENO);
  ::setenv("NOTIFY_SOCKET", notify.c_str(), 1);
  ::unsetenv("JOURNAL_STREAM");
  for (const std::string& each : how.environment)
    ::putenv(::strdup(each.c_str()));
  if (how.listening >= 0) {
    ::dup2(how.listening, 3);
    ::setenv("LISTEN_FDS", "1", 1);
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
  }
  if (how.user) test_support::drop_privileges(*how.user, *how.user, {*how.user});
  ::execl(TWINMAPD, "twinmapd", "--config", where.config().c_str(), nullptr);
  return 127;
}

/// Whether a whole HTTP answer is there.
bool complete(const std::string& text, answer& result, bool to_head) {
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  result.head = text.substr(0, end + 2);
  result.body = text.substr(end + 4);
  result.status = std::atoi(text.c_str() + text.find(' '));
  const std::size_t field = result.head.find("Content-Length: ");
  const auto length =
      field == std::string::npos ? 0 : std::strtoul(result.head.c_str() + field + 16, nullptr, 10);
  return to_head || result.body.size() >= length;
}

}  // namespace

connection::connection(const std::string& path)
    : descriptor_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const sockaddr_un address = address_of(path);
  if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return;
  error_ = errno;
  ::close(std::exchange(descriptor_, -1));
}

connection::~connection() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool connection::send(const std::string& bytes) const {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t n = ::send(descriptor_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return false;
    sent += static_cast<std::size_t>(n);
  }
  return true;
}

answer connection::receive(milliseconds limit, bool to_head) const {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  std::string text;
  answer result;
  std::vector<char> buffer(65536);
  while (!complete(text, result, to_head)) {
    const auto left = time_until(deadline);
    if (left.count() <= 0 || !readable(descriptor_, left)) break;
    const ssize_t n = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
    if (n <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return result;
}

answer ask(const std::string& socket, const std::string& method, const std::string& path,
           const std::string& body) {
  const connection to(socket);
  if (!to.open()) return {};
  to.send(method + ' ' + path + " HTTP/1.1\r\nHost: twinmapd\r\nContent-Length: " +
          std::to_string(body.size()) + "\r\n\r\n" + body);
  return to.receive(std::chrono::seconds(20), method == "HEAD");
}

notify_socket::notify_socket(std::string path)
    : path_(std::move(path)), descriptor_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  ::unlink(path_.c_str());
  const sockaddr_un address = address_of(path_);
  if (::bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::system_error(errno, std::system_category(), path_);
  std::filesystem::permissions(path_, std::filesystem::perms(0666));
  reader_ = std::thread([this] { read_all(); });
}

notify_socket::~notify_socket() {
  ::shutdown(descriptor_, SHUT_RDWR);
  reader_.join();
  ::close(descriptor_);
}

void notify_socket::read_all() {
  std::vector<char> buffer(4096);
  for (;;) {
    const ssize_t n = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
    if (n <= 0) return;
    const std::lock_guard guard(mutex_);
    messages_.emplace_back(buffer.data(), static_cast<std::size_t>(n));
    came_.notify_one();
  }
}

std::optional<std::string> notify_socket::next(milliseconds limit) {
  std::unique_lock lock(mutex_);
  if (!came_.wait_for(lock, limit, [this] { return !messages_.empty(); })) return std::nullopt;
  std::string message = std::move(messages_.front());
  messages_.pop_front();
  return message;
}

bool notify_socket::hears(const std::string& part, milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (;;) {
    const auto left = time_until(deadline);
    const std::optional<std::string> message = next(left);
    if (message && message->find(part) != std::string::npos) return true;
    if (left.count() <= 0) return false;
  }
}

int notify_socket::count(const std::string& part, milliseconds time) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  int found = 0;
  while (hears(part, time_until(deadline)))
    ++found;
  return found;
}

place::place() {
  for (const char* directory : {"etc/conf.d", "maps"})
    std::filesystem::create_directories(root_ / directory);
  configure("");
}

void place::configure(const std::string& more) const {
  write("etc/twinmapd.toml", "[daemon]\nsocket = \"" + socket() + "\"\ndirectory = \"" + maps() +
                                 "\"\nlog_level = \"debug\"\n" + more);
}

void place::write(const std::string& name, const std::string& text) const {
  std::ofstream(root_ / name) << text;
}

running_daemon::running_daemon(const place& where, const start_options& how)
    : where_(where),
      notified_(where.file("notify")),
      child_([&where, &how, notify = where.file("notify")] { return become(where, notify, how); }) {
  if (!how.await_ready) return;
  EXPECT_TRUE(notified_.hears("READY=1")) << log();
}

bool running_daemon::cares_for(const std::string& name, bool wanted) const {
  return eventually([&] { return map(name).value("cared_for", false) == wanted; },
                    std::chrono::seconds(10));
}

void running_daemon::kill() {
  child_.kill(SIGKILL);
  child_.wait();
}

test_support::outcome running_daemon::stop() {
  child_.kill(SIGTERM);
  return wait();
}

std::string running_daemon::log() const {
  return slurp(where_.log());
}

bool running_daemon::logs(const std::string& text) const {
  return eventually([&] { return log().find(text) != std::string::npos; },
                    std::chrono::seconds(10));
}

milliseconds running_daemon::cpu_time() const {
  const std::string stat = slurp("/proc/" + std::to_string(pid()) + "/stat");
  std::istringstream fields(stat.substr(stat.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i != 11; ++i)
    fields >> skipped;
  long user = 0;
  long system = 0;
  fields >> user >> system;
  return milliseconds((user + system) * 1000 / ::sysconf(_SC_CLK_TCK));
}

std::size_t running_daemon::resident_bytes() const {
  std::istringstream statm(slurp("/proc/" + std::to_string(pid()) + "/statm"));
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * 4096;
}

}  // namespace daemon_test
