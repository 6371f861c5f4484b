#include <twinmapd/http_session.hpp>

#include <fmt/format.h>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/verb.hpp>

namespace twinmapd {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr http_limits limits;

// Room for one header, and for the beginning of what follows it.
constexpr std::size_t buffer_bytes = 2 * std::size_t{limits.header_bytes};

std::string as_text(const http_reply& reply, bool keep_alive, bool with_body) {
  const auto reason = http::obsolete_reason(http::int_to_status(reply.status));
  std::string text =
      fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: {}\r\n",
                  reply.status, std::string_view(reason.data(), reason.size()), reply.content_type,
                  reply.body.size(), keep_alive ? "keep-alive" : "close");
  for (const auto& [name, value] : reply.headers)
    text += fmt::format("{}: {}\r\n", name, value);
  text += "\r\n";
  if (with_body) text += reply.body;
  return text;
}

http_reply reply_to(const error_code& failure) {
  if (failure == http::error::header_limit)
    return error_reply(
        431, "headers_too_large",
        fmt::format("the header of a request has at most {} bytes", limits.header_bytes));
  if (failure == http::error::body_limit)
    return error_reply(
        413, "too_large",
        fmt::format("the body of a request has at most {} bytes", limits.body_bytes));
  return error_reply(400, "bad_request", "this is no HTTP/1.1 request: " + failure.message());
}

}  // namespace

http_session::http_session(socket_type socket, permission who, const http_handler& handler,
                           std::function<void()> ended)
    : socket_(std::move(socket)),
      who_(who),
      handler_(handler),
      ended_(std::move(ended)),
      deadline_(socket_.get_executor()),
      buffer_(buffer_bytes) {}

void http_session::limit(std::chrono::seconds time) {
  deadline_.expires_after(time);
  deadline_.async_wait([self = weak_from_this()](const error_code& cancelled) {
    const auto session = self.lock();
    if (cancelled || !session) return;
    if (session->state_ != state::reading) return session->close();
    session->timed_out_ = true;
    error_code ignored;
    session->socket_.cancel(ignored);
  });
}

/// For the first byte of the next request.
void http_session::wait() {
  if (buffer_.size() != 0) return read();
  state_ = state::waiting;
  limit(answered_ ? limits.idle_time : limits.request_time);
  socket_.async_wait(socket_type::wait_read,
                     [self = shared_from_this()](const error_code& failure) {
                       if (self->state_ == state::closed) return;
                       if (failure) return self->close();
                       self->read();
                     });
}

void http_session::read() {
  state_ = state::reading;
  timed_out_ = false;
  limit(limits.request_time);
  parser_.emplace();
  parser_->header_limit(limits.header_bytes);
  parser_->body_limit(limits.body_bytes);
  http::async_read(socket_, buffer_, *parser_,
                   [self = shared_from_this()](const error_code& failure, std::size_t) {
                     if (self->state_ != state::closed) self->take(failure);
                   });
}

void http_session::take(const error_code& failure) {
  if (!failure) return handle();
  if (timed_out_) {
    write(error_reply(408, "timeout",
                      fmt::format("a request arrives within {} s", limits.request_time.count())),
          false, true);
  } else if (failure == http::error::end_of_stream || failure == asio::error::operation_aborted ||
             failure.category() == asio::error::get_system_category() ||
             failure.category() == asio::error::get_misc_category()) {
    close();
  } else {
    write(reply_to(failure), false, true);
  }
}

void http_session::handle() {
  state_ = state::working;
  deadline_.cancel();
  http_request request;
  request.method = std::string(parser_->get().method_string());
  const std::string target(parser_->get().target());
  request.path = target.substr(0, target.find('?'));
  request.body = std::move(parser_->get().body());
  request.who = who_;
  const bool keep_alive = parser_->keep_alive();
  const bool with_body = parser_->get().method() != http::verb::head;
  handler_(request, [self = shared_from_this(), keep_alive, with_body](const http_reply& reply) {
    if (self->state_ == state::working) self->write(reply, keep_alive, with_body);
  });
}

void http_session::write(const http_reply& reply, bool keep_alive, bool with_body) {
  state_ = state::writing;
  answered_ = true;
  limit(limits.request_time);
  output_ = as_text(reply, keep_alive, with_body);
  asio::async_write(
      socket_, asio::buffer(output_),
      [self = shared_from_this(), keep_alive](const error_code& failure, std::size_t) {
        if (self->state_ != state::closed) self->written(failure, keep_alive);
      });
}

void http_session::written(const error_code& failure, bool keep_alive) {
  output_ = {};
  if (failure) return close();
  if (keep_alive) return wait();
  error_code ignored;
  socket_.shutdown(socket_type::shutdown_send, ignored);
  state_ = state::draining;
  limit(limits.drain_time);
  drain();
}

/// A client that is still sending would get an error before it reads our answer.
void http_session::drain() {
  buffer_.clear();
  socket_.async_read_some(buffer_.prepare(buffer_bytes),
                          [self = shared_from_this()](const error_code& failure, std::size_t) {
                            if (self->state_ == state::closed) return;
                            if (failure) return self->close();
                            self->drain();
                          });
}

void http_session::make_room() {
  if (state_ == state::reading || (state_ == state::waiting && !answered_)) {
    static const std::string answer = as_text(
        error_reply(503, "too_many_connections", "there are too many connections"), false, true);
    error_code ignored;
    socket_.non_blocking(true, ignored);
    socket_.write_some(asio::buffer(answer), ignored);
  }
  close();
}

void http_session::close() {
  if (state_ == state::closed) return;
  state_ = state::closed;
  deadline_.cancel();
  error_code ignored;
  socket_.close(ignored);
  ended_();
}

}  // namespace twinmapd
