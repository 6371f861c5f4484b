#include <utility>  // Asio of Boost 1.74 needs it and does not include it

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cli/daemon_client.hpp>
#include <cli/exit_code.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>

namespace twinmap::cli {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t longest_answer = 16u << 20;

/// One connection. Every wait has its end.
class connection {
 public:
  explicit connection(const std::string& path)
      : path_(path), socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
      throw usage_error(
          fmt::format("--socket takes a path of less than {} bytes", sizeof address.sun_path));
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    if (socket_ < 0) unreachable(errno);
    const auto deadline = clock::now() + daemon_patience;
    while (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      // A unix socket whose queue is full does not become writable when there is room again.
      if (errno != EAGAIN && errno != EINTR) unreachable(errno);
      if (clock::now() > deadline) unreachable(ETIMEDOUT);
      ::poll(nullptr, 0, 10);
    }
  }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection() { ::close(socket_); }

  void write(std::string_view bytes) {
    const auto deadline = clock::now() + daemon_patience;
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) {
        // One that refuses us may have answered and closed already; then its answer is there.
        if (errno == EPIPE || errno == ECONNRESET) return;
        wait_if_busy(POLLOUT, deadline);
        continue;
      }
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  /// Empty at the end of the stream. `deadline` is that of the whole answer: a drop every second
  /// is no answer either.
  std::string_view read(std::chrono::steady_clock::time_point deadline) {
    for (;;) {
      const ssize_t got = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
      if (got >= 0) return {buffer_.data(), static_cast<std::size_t>(got)};
      if (errno == ECONNRESET) return {};
      wait_if_busy(POLLIN, deadline);
    }
  }

 private:
  using clock = std::chrono::steady_clock;

  void wait_if_busy(short event, clock::time_point deadline) {
    if (errno == EINTR) return;
    if (errno != EAGAIN) unreachable(errno);
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now());
    pollfd waiting{socket_, event, 0};
    if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) == 0)
      unreachable(ETIMEDOUT);
  }

  [[noreturn]] void unreachable(int error) const {
    // Who may not connect is told so by his own code: the daemon may be well.
    const bool forbidden = error == EACCES || error == EPERM;
    const std::string why = error == ETIMEDOUT
                                ? fmt::format("no answer within {} s", daemon_patience.count())
                                : std::error_code(error, std::system_category()).message();
    throw verb_failure(forbidden ? exit_code::permission : exit_code::daemon_unreachable,
                       fmt::format("the daemon at {} cannot be reached: {}", path_, why));
  }

  std::string path_;
  int socket_;
  std::array<char, 65536> buffer_{};
};

http::response<http::string_body> read_answer(connection& daemon, const std::string& socket) {
  http::response_parser<http::string_body> parser;
  parser.body_limit(longest_answer);
  std::string pending;
  const auto deadline = std::chrono::steady_clock::now() + daemon_patience;
  boost::system::error_code error;
  while (!parser.is_done()) {
    const std::string_view part = daemon.read(deadline);
    if (part.empty()) {
      if (!parser.got_some()) {
        throw verb_failure(
            exit_code::daemon_unreachable,
            fmt::format("the daemon at {} closed the connection without an answer", socket));
      }
      parser.put_eof(error);
    } else {
      pending += part;
      // The parser takes what is complete; the rest waits for more.
      do {
        pending.erase(0, parser.put(boost::asio::buffer(pending), error));
      } while (!error && !pending.empty() && !parser.is_done());
      if (error == http::error::need_more) error = {};
    }
    if (error) {
      throw verb_failure(exit_code::failure,
                         fmt::format("the answer from {} is no HTTP: {}", socket, error.message()));
    }
  }
  return parser.release();
}

}  // namespace

daemon_answer ask_daemon(const std::string& socket, const std::string& method,
                         const std::string& target) {
  connection daemon(socket);
  daemon.write(
      fmt::format("{} {} HTTP/1.1\r\nHost: twinmap\r\nAccept: application/json\r\n"
                  "Content-Length: 0\r\nConnection: close\r\n\r\n",
                  method, target));
  const http::response<http::string_body> got = read_answer(daemon, socket);
  daemon_answer answer{got.result_int(), nullptr};
  if (got.body().empty()) return answer;
  answer.body = json::parse(got.body(), nullptr, false);
  if (answer.body.is_discarded()) {
    throw verb_failure(exit_code::failure,
                       fmt::format("the answer {} from {} is no JSON", answer.status, socket));
  }
  return answer;
}

std::string complaint_of(const daemon_answer& answer) {
  if (answer.body.is_object() && answer.body.contains("error")) {
    const json& error = answer.body["error"];
    if (error.is_object() && error.contains("message") && error["message"].is_string())
      return error["message"].get<std::string>();
  }
  return fmt::format("HTTP status {}", answer.status);
}

json ask_daemon_for(const std::string& socket, const std::string& method,
                    const std::string& target) {
  const daemon_answer answer = ask_daemon(socket, method, target);
  if (answer.status >= 200 && answer.status < 300) return answer.body;
  const exit_code code = answer.status == 403   ? exit_code::permission
                         : answer.status == 404 ? exit_code::not_found
                                                : exit_code::failure;
  throw verb_failure(code, "the daemon says: " + complaint_of(answer));
}

}  // namespace twinmap::cli
