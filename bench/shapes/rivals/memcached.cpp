// memcached on a unix socket, asked in its text protocol. It is given more memory than the entries
// need, so that it evicts nothing.

#include <unistd.h>

#include "../client.hpp"
#include "../driver.hpp"
#include "../server.hpp"

namespace {

using namespace bench::shapes;

class memcached : public server_client {
 public:
  static constexpr std::string_view name = "memcached";

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

  memcached(const bench::place& where, bench::opening)
      : server_client(where, "memcached", "STORED") {}

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
    send_store(value);
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
};

}  // namespace

int main(int argc, char** argv) {
  if (!is_installed("memcached")) return not_installed;
  return run_text_rival<memcached>(argc, argv);
}
