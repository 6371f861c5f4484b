// Signals as a descriptor of the loop.
#pragma once

#include <sys/signalfd.h>
#include <utility>  // Asio 1.74 forgets it

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>

namespace twinmapd {

class signals {
 public:
  /// Blocks SIGTERM, SIGINT and SIGHUP for this thread and those it starts, and calls
  /// `arrived(signal)` on the loop. SIGPIPE is ignored: a peer that is gone is a failed write.
  signals(boost::asio::io_context& loop, std::function<void(int)> arrived);

 private:
  void read();

  std::function<void(int)> arrived_;
  boost::asio::posix::stream_descriptor descriptor_;
  signalfd_siginfo event_{};
};

}  // namespace twinmapd
