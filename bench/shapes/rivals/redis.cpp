// Redis on a unix socket, asked in RESP, its protocol. It keeps everything in memory and writes no
// file.

#include "../client.hpp"
#include "../driver.hpp"
#include "../server.hpp"

namespace {

using namespace bench::shapes;

class redis : public server_client {
 public:
  static constexpr std::string_view name = "redis";

  class host {
   public:
    explicit host(const bench::place& where)
        : server_({"redis-server", "--port", "0", "--unixsocket", socket_of(where), "--save", "",
                   "--appendonly", "no", "--daemonize", "no", "--dir", where.directory},
                  socket_of(where), where.directory / "redis.log") {}

   private:
    server_process server_;
  };

  redis(const bench::place& where, bench::opening) : server_client(where, "redis-server", "+OK") {}

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
    send_store(value);
  }

  std::uint64_t size() {
    server_.send("*1\r\n$6\r\nDBSIZE\r\n");
    return number_after(':', server_.read_line());
  }

 private:
  /// The command, and the key as its first argument up to the end of line.
  void begin_request(std::string_view command, std::string_view key) {
    request_.assign(command).append("$").append(std::to_string(key.size()));
    request_.append("\r\n").append(key);
  }

  std::uint64_t number_after(char kind, std::string_view answer) const {
    if (!answer.starts_with(kind)) refuse(answer);
    return number_in(answer.substr(1));
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (!is_installed("redis-server")) return not_installed;
  return run_text_rival<redis>(argc, argv);
}
