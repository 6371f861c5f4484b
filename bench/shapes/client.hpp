#pragma once

// What the clients of all servers have in common: where the socket is, and stores that may be
// batched. A contestant adds its protocol.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "connection.hpp"
#include "rival.hpp"

namespace bench::shapes {

/// The socket on which the server of a map listens.
inline std::filesystem::path socket_of(const place& where) {
  return where.directory / "socket";
}

class server_client {
 public:
  static constexpr bool between_processes = true;
  static constexpr bool has_read_only = false;
  static constexpr int most_workers = bench::most_workers;

  static void remove(const place& where) { std::filesystem::remove(socket_of(where)); }

  void settle(const text_sequence&) {}
  void begin_batch() { batch_.open(); }
  void end_batch();

 protected:
  /// `program` is the server's name, `stored` its answer to a store; both are literals.
  server_client(const place& where, std::string_view program, std::string_view stored)
      : server_(socket_of(where)), program_(program), stored_(stored) {}

  /// Throws std::runtime_error that says what the server answered.
  [[noreturn]] void refuse(std::string_view answer) const;
  /// All of `text` as a number; refuses what is none.
  std::uint64_t number_in(std::string_view text) const;

  /// Sends `request_`, the value and a CR LF, and awaits the answer; while a batch is open, later.
  void send_store(std::string_view value);

  connection server_;
  std::string request_;  ///< kept for its capacity

 private:
  void expect_stored();
  void finish_batch();

  std::string_view program_;
  std::string_view stored_;
  pipeline batch_;
};

}  // namespace bench::shapes
