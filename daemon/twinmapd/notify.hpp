// What the service manager is told, see sd_notify(3). Without one nothing happens.
#pragma once

#include <utility>  // Asio 1.74 forgets it

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <string>

namespace twinmapd {

class notifier {
 public:
  explicit notifier(boost::asio::io_context& loop);
  /// STOPPING is told when the scope ends.
  ~notifier();
  notifier(const notifier&) = delete;
  notifier& operator=(const notifier&) = delete;

  /// Begins to feed the watchdog, from the loop: a loop that hangs feeds nobody.
  void start();

  void ready(const std::string& status);
  void status(const std::string& status);
  void reloading();

 private:
  void feed();

  boost::asio::steady_timer timer_;
  std::chrono::microseconds interval_{0};
};

}  // namespace twinmapd
