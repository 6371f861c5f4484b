// Redis on a unix socket, asked in RESP, its protocol. It keeps everything in memory and writes no
// file.

#include <charconv>
#include <stdexcept>

#include "../connection.hpp"
#include "../driver.hpp"
#include "../server.hpp"

namespace {

using namespace bench::shapes;

std::filesystem::path socket_of(const bench::place& where) {
  return where.directory / "socket";
}

[[noreturn]] void refuse(std::string_view answer) {
  throw std::runtime_error("redis-server answered " + std::string(answer));
}

class redis {
 public:
  static constexpr std::string_view name = "redis";
  static constexpr bool between_processes = true;
  static constexpr bool has_read_only = false;
  static constexpr int most_workers = bench::most_workers;

  class host {
   public:
    explicit host(const bench::place& where)
        : server_({"redis-server", "--port", "0", "--unixsocket", socket_of(where), "--save", "",
                   "--appendonly", "no", "--daemonize", "no", "--dir", where.directory},
                  socket_of(where), where.directory / "redis.log") {}

   private:
    server_process server_;
  };

  redis(const bench::place& where, bench::opening) : server_(socket_of(where)) {}
  static void remove(const bench::place& where) { std::filesystem::remove(socket_of(where)); }

  bool load(std::string_view key, std::string& out) {
    begin_request("*2\r\n$3\r\nGET\r\n", key);
    request_ += "\r\n";
    server_.send(request_);
    const std::string_view head = server_.read_line();
    if (head == "$-1") return false;
    server_.read_block(out, number_after('$', head));
    return true;
  }

  void store(std::string_view key, std::string_view value) {
    begin_request("*3\r\n$3\r\nSET\r\n", key);
    request_.append("\r\n$").append(std::to_string(value.size())).append("\r\n");
    if (batch_.is_open()) {
      batch_.add(request_, value, "\r\n");
      if (batch_.is_full()) finish_batch();
      return;
    }
    server_.send(request_, value, "\r\n");
    expect_ok();
  }

  std::uint64_t size() {
    server_.send("*1\r\n$6\r\nDBSIZE\r\n");
    return number_after(':', server_.read_line());
  }
  void settle(const text_sequence&) {}

  void begin_batch() { batch_.open(); }
  void end_batch() {
    finish_batch();
    batch_.close();
  }

 private:
  /// The command, and the key as its first argument up to the end of line.
  void begin_request(std::string_view command, std::string_view key) {
    request_.assign(command).append("$").append(std::to_string(key.size()));
    request_.append("\r\n").append(key);
  }

  static std::uint64_t number_after(char kind, std::string_view answer) {
    std::uint64_t number = 0;
    const char* const end = answer.data() + answer.size();
    if (!answer.starts_with(kind)) refuse(answer);
    const auto [rest, problem] = std::from_chars(answer.data() + 1, end, number);
    if (problem != std::errc{} || rest != end) refuse(answer);
    return number;
  }

  void expect_ok() {
    if (const std::string_view answer = server_.read_line(); answer != "+OK") refuse(answer);
  }
  void finish_batch() {
    for (std::size_t answers = batch_.flush(server_); answers > 0; --answers)
      expect_ok();
  }

  connection server_;
  pipeline batch_;
  std::string request_;
};

}  // namespace

int main(int argc, char** argv) {
  if (!is_installed("redis-server")) return not_installed;
  return run_text_rival<redis>(argc, argv);
}
