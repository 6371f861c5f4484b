#pragma once

// How a contestant that is a server is talked to: over a plain unix socket, one request at a time.

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace bench::shapes {

/// A socket connected to `path`, or -1 if nobody listens there (yet).
int try_connect(const std::filesystem::path& path);

/// One client's connection. All members throw std::system_error, or std::runtime_error when the
/// server has closed it.
class connection {
 public:
  explicit connection(const std::filesystem::path& socket);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Sends the parts one after another, in as few system calls as possible.
  void send(std::string_view head, std::string_view body = {}, std::string_view tail = {});

  /// The next line of the answer without its CR LF, valid until the next call.
  std::string_view read_line();
  /// The next `length` bytes into `out`, and a CR LF after them that is dropped.
  void read_block(std::string& out, std::size_t length);

 private:
  std::size_t receive(char* to, std::size_t most);
  void receive_more();

  int socket_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  ///< of what was received and not read
  std::size_t end_ = 0;
};

/// Requests of a batch on their way: several are sent before the first answer is read.
class pipeline {
 public:
  /// Whether requests are collected.
  bool is_open() const noexcept { return open_; }
  void open() noexcept { open_ = true; }
  void close() noexcept { open_ = false; }

  void add(std::string_view head, std::string_view body, std::string_view tail);
  bool is_full() const noexcept { return requests_.size() >= most_bytes; }

  /// Sends what was collected; returns how many answers there are to read.
  std::size_t flush(connection& to);

 private:
  // Less than a socket buffers: the server never waits for answers to be read before it reads on.
  static constexpr std::size_t most_bytes = 1u << 16;

  bool open_ = false;
  std::string requests_;
  std::size_t count_ = 0;
};

}  // namespace bench::shapes
