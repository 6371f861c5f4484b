#include <twinmapd/signals.hpp>

#include <boost/asio/buffer.hpp>

#include <cerrno>
#include <csignal>
#include <system_error>

namespace twinmapd {
namespace {

int make_descriptor() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP})
    sigaddset(&set, signal);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  const int descriptor = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (descriptor < 0) throw std::system_error(errno, std::system_category(), "signalfd");
  return descriptor;
}

}  // namespace

signals::signals(boost::asio::io_context& loop, std::function<void(int)> arrived)
    : arrived_(std::move(arrived)), descriptor_(loop, make_descriptor()) {
  read();
}

void signals::read() {
  descriptor_.async_read_some(boost::asio::buffer(&event_, sizeof event_),
                              [this](const boost::system::error_code& failure, std::size_t length) {
                                if (failure == boost::asio::error::operation_aborted) return;
                                if (length == sizeof event_)
                                  arrived_(static_cast<int>(event_.ssi_signo));
                                read();
                              });
}

}  // namespace twinmapd
