// memcached on a unix socket, asked in its text protocol. It is given more memory than the entries
// need, so that it evicts nothing.

#include <unistd.h>

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
  throw std::runtime_error("memcached answered " + std::string(answer));
}

class memcached {
 public:
  static constexpr std::string_view name = "memcached";
  static constexpr bool between_processes = true;
  static constexpr bool has_read_only = false;
  static constexpr int most_workers = bench::most_workers;

  class host {
   public:
    explicit host(const bench::place& where)
        : server_({"memcached", "-s", socket_of(where), "-t", "1", "-m", "1024", "-I", "2m", "-u",
                   user()},
                  socket_of(where), where.directory / "memcached.log") {}

   private:
    /// Root has to name a user, itself for instance; for others the option has no effect.
    static std::string user() { return geteuid() == 0 ? "root" : "nobody"; }

    server_process server_;
  };

  memcached(const bench::place& where, bench::opening) : server_(socket_of(where)) {}
  static void remove(const bench::place& where) { std::filesystem::remove(socket_of(where)); }

  bool load(std::string_view key, std::string& out) {
    request_.assign("get ").append(key).append("\r\n");
    server_.send(request_);
    const std::string_view head = server_.read_line();
    if (head == "END") return false;
    if (!head.starts_with("VALUE ")) refuse(head);
    server_.read_block(out, number_in(head.substr(head.rfind(' ') + 1)));
    if (const std::string_view end = server_.read_line(); end != "END") refuse(end);
    return true;
  }

  void store(std::string_view key, std::string_view value) {
    request_.assign("set ").append(key).append(" 0 0 ").append(std::to_string(value.size()));
    request_.append("\r\n");
    if (batch_.is_open()) {
      batch_.add(request_, value, "\r\n");
      if (batch_.is_full()) finish_batch();
      return;
    }
    server_.send(request_, value, "\r\n");
    expect_stored();
  }

  std::uint64_t size() {
    constexpr std::string_view wanted = "STAT curr_items ";
    server_.send("stats\r\n");
    std::uint64_t items = 0;
    for (;;) {
      const std::string_view line = server_.read_line();
      if (line == "END") return items;
      if (line.starts_with(wanted)) items = number_in(line.substr(wanted.size()));
    }
  }
  void settle(const text_sequence&) {}

  void begin_batch() { batch_.open(); }
  void end_batch() {
    finish_batch();
    batch_.close();
  }

 private:
  static std::uint64_t number_in(std::string_view text) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, problem] = std::from_chars(text.data(), end, number);
    if (problem != std::errc{} || rest != end) refuse(text);
    return number;
  }

  void expect_stored() {
    if (const std::string_view answer = server_.read_line(); answer != "STORED") refuse(answer);
  }
  void finish_batch() {
    for (std::size_t answers = batch_.flush(server_); answers > 0; --answers)
      expect_stored();
  }

  connection server_;
  pipeline batch_;
  std::string request_;
};

}  // namespace

int main(int argc, char** argv) {
  if (!is_installed("memcached")) return not_installed;
  return run_text_rival<memcached>(argc, argv);
}
