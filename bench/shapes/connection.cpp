#include "connection.hpp"

#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace bench::shapes {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::system_category(), what);
}

}  // namespace

int try_connect(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = path.string();
  if (name.size() >= sizeof address.sun_path) {
    throw std::runtime_error("the path of a unix socket has at most " +
                             std::to_string(sizeof address.sun_path - 1) + " bytes, this one " +
                             std::to_string(name.size()) + ": " + name);
  }
  std::memcpy(address.sun_path, name.c_str(), name.size());
  const int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (made < 0) fail("socket");
  if (connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return made;
  const int problem = errno;
  close(made);
  if (problem != ENOENT && problem != ECONNREFUSED) {
    errno = problem;
    fail("connect to " + name);
  }
  return -1;
}

connection::connection(const std::filesystem::path& path)
    : socket_(try_connect(path)), buffer_(std::size_t{1} << 16) {
  if (socket_ < 0) throw std::runtime_error("nobody listens on " + path.string());
}

connection::~connection() {
  close(socket_);
}

void connection::send(std::string_view head, std::string_view body, std::string_view tail) {
  std::array<iovec, 3> parts{};
  std::size_t used = 0;
  for (const std::string_view part : {head, body, tail}) {
    if (!part.empty()) parts[used++] = {const_cast<char*>(part.data()), part.size()};
  }
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = used;
  while (message.msg_iovlen > 0) {
    const ssize_t sent = sendmsg(socket_, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) fail("send to a server");
    auto left = static_cast<std::size_t>(sent);
    while (message.msg_iovlen > 0 && left >= message.msg_iov->iov_len) {
      left -= message.msg_iov->iov_len;
      ++message.msg_iov;
      --message.msg_iovlen;
    }
    if (message.msg_iovlen > 0) {
      message.msg_iov->iov_base = static_cast<char*>(message.msg_iov->iov_base) + left;
      message.msg_iov->iov_len -= left;
    }
  }
}

std::size_t connection::receive(char* to, std::size_t most) {
  for (;;) {
    const ssize_t got = recv(socket_, to, most, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("receive from a server");
    if (got == 0) throw std::runtime_error("a server closed the connection");
    return static_cast<std::size_t>(got);
  }
}

void connection::receive_more() {
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (end_ == buffer_.size()) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    if (end_ == buffer_.size()) throw std::runtime_error("a server's answer has no end of line");
  }
  end_ += receive(buffer_.data() + end_, buffer_.size() - end_);
}

std::string_view connection::read_line() {
  for (;;) {
    const std::string_view received{buffer_.data() + begin_, end_ - begin_};
    const std::size_t length = received.find("\r\n");
    if (length != std::string_view::npos) {
      begin_ += length + 2;
      return received.substr(0, length);
    }
    receive_more();
  }
}

void connection::read_block(std::string& out, std::size_t length) {
  out.resize(length);
  std::size_t have = std::min(length, end_ - begin_);
  std::memcpy(out.data(), buffer_.data() + begin_, have);
  begin_ += have;
  // The rest goes where it belongs without a copy in between.
  while (have < length)
    have += receive(out.data() + have, length - have);
  if (!read_line().empty()) throw std::runtime_error("a server's value is longer than announced");
}

void pipeline::add(std::string_view head, std::string_view body, std::string_view tail) {
  requests_.append(head).append(body).append(tail);
  ++count_;
}

std::size_t pipeline::flush(connection& to) {
  to.send(requests_);
  requests_.clear();
  return std::exchange(count_, 0);
}

}  // namespace bench::shapes
