// The running daemon: everything that it consists of, in the order in which it is set up; what is
// destroyed is destroyed the other way round.
#pragma once

#include <utility>  // Asio 1.74 forgets it

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <twinmapd/catalog.hpp>
#include <twinmapd/config.hpp>
#include <twinmapd/control.hpp>
#include <twinmapd/http_server.hpp>
#include <twinmapd/journal.hpp>
#include <twinmapd/listener.hpp>
#include <twinmapd/notify.hpp>
#include <twinmapd/signals.hpp>
#include <twinmapd/worker.hpp>

#include <functional>

namespace twinmapd {

class service {
 public:
  using config_source = std::function<config()>;

  /// `source` reads the configuration, now and at each reload. Throws config_error, and
  /// std::runtime_error for what keeps the daemon from starting.
  service(config_source source, journal& log);

  /// Until SIGTERM or SIGINT.
  void run();

 private:
  void arrived(int signal);
  reload_report reload();
  void maps_changed();
  void tell_state();

  journal& log_;
  config_source source_;
  config settings_;
  boost::asio::io_context loop_{1};
  signals signals_;
  listener listener_;
  notifier notifier_;
  worker worker_;
  catalog catalog_;
  control control_;
  http_server server_;
  bool ready_ = false;       ///< READY was told
  bool to_be_told_ = false;  ///< tell_state() is queued
};

}  // namespace twinmapd
