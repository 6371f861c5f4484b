// twinmapd as a service manager runs it, in a directory of the test's own, and a client of its
// socket.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>
#include <support/child.hpp>
#include <support/names.hpp>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace daemon_test {

using json = nlohmann::json;
using std::chrono::milliseconds;

struct answer {
  int status = 0;  ///< 0: no answer
  std::string head;
  std::string body;

  json parsed() const { return json::parse(body, nullptr, false); }
  std::string code() const { return parsed().value("/error/code"_json_pointer, std::string()); }
};

/// A connection to a unix socket.
class connection {
 public:
  explicit connection(const std::string& path);
  connection(connection&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  ~connection();

  bool open() const { return descriptor_ >= 0; }
  int error() const { return error_; }  ///< errno of the failed connect
  bool send(const std::string& bytes) const;
  /// Reads until one whole answer is there, the peer closes, or the limit.
  answer receive(milliseconds limit = std::chrono::seconds(20), bool to_head = false) const;

 private:
  int descriptor_;
  int error_ = 0;
};

/// One request on a connection of its own.
answer ask(const std::string& socket, const std::string& method, const std::string& path,
           const std::string& body = {});

/// The receiving end of sd_notify. It reads all the time, as a service manager does: few messages
/// fit into the queue of a datagram socket, and who sends one more waits.
class notify_socket {
 public:
  explicit notify_socket(std::string path);
  ~notify_socket();
  notify_socket(const notify_socket&) = delete;
  notify_socket& operator=(const notify_socket&) = delete;

  const std::string& path() const { return path_; }
  /// Waits for a message that holds `part`; false if none came within the limit.
  bool hears(const std::string& part, milliseconds limit = std::chrono::seconds(20));
  /// How often a message with `part` comes within that time.
  int count(const std::string& part, milliseconds time);

 private:
  std::optional<std::string> next(milliseconds limit);
  void read_all();

  std::string path_;
  int descriptor_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<std::string> messages_;
  std::thread reader_;
};

/// Where a daemon of the test lives: etc/twinmapd.toml, a directory for the maps, its socket.
class place {
 public:
  place();

  std::string maps() const { return (root_ / "maps").string(); }
  std::string socket() const { return (root_ / "control.sock").string(); }
  std::string config() const { return (root_ / "etc/twinmapd.toml").string(); }
  std::string log() const { return (root_ / "log").string(); }
  std::string file(const std::string& name) const { return (root_ / name).string(); }

  /// Writes etc/twinmapd.toml: where everything is, and then `more`.
  void configure(const std::string& more) const;
  void write(const std::string& name, const std::string& text) const;

 private:
  test_support::scoped_directory root_{test_support::default_directory()};  // as maps are, a tmpfs
};

struct start_options {
  std::vector<std::string> environment = {};  ///< NAME=value
  int listening = -1;                         ///< passed by socket activation
  bool await_ready = true;
  std::optional<uid_t> user = std::nullopt;  ///< and group of the same number
};

/// A daemon, from READY to its end. Killed if it is still there at the end of the scope.
class running_daemon {
 public:
  explicit running_daemon(const place& where, const start_options& how = {});

  answer ask(const std::string& method, const std::string& path,
             const std::string& body = {}) const {
    return daemon_test::ask(where_.socket(), method, path, body);
  }
  json get(const std::string& path) const { return ask("GET", path).parsed(); }
  json map(const std::string& name) const { return get("/v1/maps/" + name); }
  /// Waits until the map is cared for, or is not.
  bool cares_for(const std::string& name, bool wanted = true) const;

  pid_t pid() const { return child_.pid(); }
  void signal(int number) { child_.kill(number); }
  void kill();
  test_support::outcome stop();  ///< SIGTERM
  test_support::outcome wait() { return child_.wait(std::chrono::seconds(30)); }
  notify_socket& notified() { return notified_; }
  std::string log() const;
  /// Waits until the log holds `text`.
  bool logs(const std::string& text) const;
  milliseconds cpu_time() const;
  std::size_t resident_bytes() const;

 private:
  const place& where_;
  notify_socket notified_;
  test_support::child child_;
};

}  // namespace daemon_test
