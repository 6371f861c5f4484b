// One connection: requests are read one after the other, each within its limits, and answered.
#pragma once

#include <utility>  // Asio 1.74 forgets it

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <twinmapd/http.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace twinmapd {

/// What a connection may take.
struct http_limits {
  std::uint32_t header_bytes = 8 << 10;
  std::uint64_t body_bytes = 64 << 10;
  std::chrono::seconds request_time{
      5};                              ///< for a request to arrive, and for its answer to be taken
  std::chrono::seconds idle_time{30};  ///< between two requests
  std::chrono::seconds drain_time{2};  ///< for what a refused client goes on to send
};

class http_session : public std::enable_shared_from_this<http_session> {
 public:
  using socket_type = boost::asio::local::stream_protocol::socket;

  /// `ended` is called once, when the connection is closed.
  http_session(socket_type socket, permission who, const http_handler& handler,
               std::function<void()> ended);

  void start() { wait(); }

  /// Whether nothing is lost if the connection is closed now: it has no request in work.
  bool may_go() const { return state_ != state::working; }

  /// Closes the connection; one that has not been answered yet is told that there are too many.
  void make_room();

  void close();

 private:
  enum class state { waiting, reading, working, writing, draining, closed };
  using parser_type = boost::beast::http::request_parser<boost::beast::http::string_body>;

  void wait();
  void read();
  void take(const boost::system::error_code& failure);
  void handle();
  void refuse(const boost::system::error_code& failure);
  void write(const http_reply& reply, bool keep_alive, bool with_body);
  void written(const boost::system::error_code& failure, bool keep_alive);
  void drain();
  void limit(std::chrono::seconds time);

  socket_type socket_;
  permission who_;
  const http_handler& handler_;
  std::function<void()> ended_;
  boost::asio::steady_timer deadline_;
  boost::beast::flat_buffer buffer_;
  std::optional<parser_type> parser_;
  std::string output_;
  state state_ = state::waiting;
  bool answered_ = false;   ///< at least once
  bool timed_out_ = false;  ///< the read under way was cut off by the deadline
};

}  // namespace twinmapd
