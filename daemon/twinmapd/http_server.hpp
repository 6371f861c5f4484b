// Accepts connections and keeps their number within bounds.
#pragma once

#include <utility>  // Asio 1.74 forgets it

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <twinmapd/http_session.hpp>
#include <twinmapd/journal.hpp>
#include <twinmapd/peer.hpp>

#include <list>
#include <memory>

namespace twinmapd {

class http_server {
 public:
  /// `listener` is a listening unix socket; its owner keeps it open.
  http_server(boost::asio::io_context& loop, int listener, access_policy access,
              http_handler handler, journal& log);
  ~http_server();
  http_server(const http_server&) = delete;
  http_server& operator=(const http_server&) = delete;

 private:
  using sessions = std::list<std::shared_ptr<http_session>>;

  void accept();
  void accept_later();
  void begin(http_session::socket_type socket);
  bool make_room();

  access_policy access_;
  http_handler handler_;
  journal& log_;
  boost::asio::local::stream_protocol::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  sessions sessions_;  ///< in the order of their arrival
  bool reported_ = false;
};

}  // namespace twinmapd
