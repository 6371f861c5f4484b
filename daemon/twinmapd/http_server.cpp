#include <twinmapd/http_server.hpp>

#include <fcntl.h>

#include <cerrno>
#include <chrono>
#include <system_error>

namespace twinmapd {
namespace {

using boost::system::error_code;

// More than anybody needs at once. When there are so many, the oldest that waits for its peer makes
// room: neither idle nor slow connections keep a new one out.
constexpr std::size_t most_connections = 128;

int duplicate(int descriptor) {
  const int copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) throw std::system_error(errno, std::system_category(), "F_DUPFD_CLOEXEC");
  return copy;
}

}  // namespace

http_server::http_server(boost::asio::io_context& loop, int listener, access_policy access,
                         http_handler handler, journal& log)
    : access_(access),
      handler_(std::move(handler)),
      log_(log),
      acceptor_(loop, boost::asio::local::stream_protocol(), duplicate(listener)),
      pause_(loop) {
  accept();
}

http_server::~http_server() {
  error_code ignored;
  acceptor_.close(ignored);
  const sessions open = sessions_;  // closing one takes it out of the list
  for (const auto& session : open)
    session->close();
}

void http_server::accept() {
  acceptor_.async_accept([this](const error_code& failure, http_session::socket_type socket) {
    if (failure == boost::asio::error::operation_aborted) return;
    if (failure && failure != boost::asio::error::connection_aborted) {
      if (!std::exchange(reported_, true))
        log_.warning("cannot accept a connection: {}", failure.message());
      return accept_later();
    }
    reported_ = false;
    if (!failure) begin(std::move(socket));
    accept();
  });
}

/// No descriptors or no memory: soon there may be.
void http_server::accept_later() {
  make_room();
  pause_.expires_after(std::chrono::milliseconds(100));
  pause_.async_wait([this](const error_code& cancelled) {
    if (!cancelled) accept();
  });
}

void http_server::begin(http_session::socket_type socket) {
  const permission who = access_.of(socket.native_handle());
  if (sessions_.size() >= most_connections && !make_room()) {
    std::make_shared<http_session>(std::move(socket), who, handler_, [] {})->make_room();
    return;
  }
  const auto place = sessions_.insert(sessions_.end(), nullptr);
  *place = std::make_shared<http_session>(std::move(socket), who, handler_,
                                          [this, place] { sessions_.erase(place); });
  (*place)->start();
}

bool http_server::make_room() {
  for (const auto& each : sessions_) {
    if (!each->may_go()) continue;
    const std::shared_ptr<http_session> session = each;
    session->make_room();
    return true;
  }
  return false;
}

}  // namespace twinmapd
