#include <twinmapd/service.hpp>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <boost/asio/post.hpp>

#include <csignal>

namespace twinmapd {
namespace {

// A timer of the loop fires at most this much later than asked for, whatever started the daemon.
constexpr unsigned long timer_slack_ns = 50000;

// What we do is short, and others wait for it: where we may, we go before them.
constexpr int niceness = -5;

/// Each map takes a few descriptors, each connection one.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

service::service(config_source source, journal& log)
    : log_(log),
      source_(std::move(source)),
      settings_(source_()),
      signals_(loop_, [this](int signal) { arrived(signal); }),
      listener_(settings_.socket, settings_.socket_mode, settings_.socket_group),
      notifier_(loop_),
      worker_(loop_),
      catalog_(loop_, worker_, settings_, log, [this] { maps_changed(); }),
      control_(catalog_, worker_, [this] { return reload(); }),
      server_(
          loop_, listener_.descriptor(), access_policy(settings_.socket_group),
          [this](const http_request& request, const http_responder& respond) {
            control_.handle(request, respond);
          },
          log) {
  log_.set_level(settings_.log_level);
  raise_descriptor_limit();
  ::prctl(PR_SET_TIMERSLACK, timer_slack_ns, 0, 0, 0);
  if (::getpriority(PRIO_PROCESS, 0) == 0) ::setpriority(PRIO_PROCESS, 0, niceness);
}

void service::run() {
  log_.info("twinmapd " TWINMAP_VERSION " looks after {}, {} on {}", settings_.directory,
            listener_.activated() ? "activated" : "listening", settings_.socket);
  notifier_.start();
  catalog_.start();
  maps_changed();
  loop_.run();
  log_.info("stopping");
}

void service::arrived(int signal) {
  if (signal != SIGHUP) {
    loop_.stop();
    return;
  }
  try {
    reload();
  } catch (const config_error& wrong) {
    log_.error("{}; the configuration stays as it was", wrong.what());
  }
}

reload_report service::reload() {
  const config wanted = source_();
  notifier_.reloading();
  reload_report report;
  if (wanted.log_level != settings_.log_level) {
    report.adjusted.push_back(fmt::format("log_level: {} (was {})", name_of(wanted.log_level),
                                          name_of(settings_.log_level)));
    log_.set_level(wanted.log_level);
  }
  if (wanted.socket != settings_.socket || wanted.socket_mode != settings_.socket_mode ||
      wanted.socket_group != settings_.socket_group)
    report.not_changed.push_back("socket: its path, mode and group stay until a restart");
  catalog_.reload(wanted, report);
  settings_.log_level = wanted.log_level;
  for (const std::string& each : report.added)
    log_.info("reload: map '{}' added", each);
  for (const std::string& each : report.adjusted)
    log_.info("reload: {}", each);
  for (const std::string& each : report.no_longer_configured)
    log_.notice("reload: map '{}' is no longer configured; it stays", each);
  for (const std::string& each : report.not_changed)
    log_.warning("reload: not changed: {}", each);
  // READY ends RELOADING. Before the first READY the maps that are missing are still waited for.
  if (ready_) notifier_.ready("Reloaded");
  maps_changed();
  return report;
}

/// Once for many changes that come together.
void service::maps_changed() {
  if (std::exchange(to_be_told_, true)) return;
  boost::asio::post(loop_, [this] {
    to_be_told_ = false;
    tell_state();
  });
}

void service::tell_state() {
  std::size_t cared = 0;
  for (const auto& [name, entry] : catalog_.maps())
    if (entry.cared) ++cared;
  std::string status = fmt::format("Looking after {} maps", cared);
  const std::vector<const map_entry*> missing = catalog_.missing();
  if (!missing.empty())
    status = fmt::format("Waiting for {} configured maps, '{}' among them: {}", missing.size(),
                         missing.front()->name, missing.front()->failure);
  if (missing.empty() && !std::exchange(ready_, true)) {
    log_.info("ready: {}", status);
    notifier_.ready(status);
  } else {
    notifier_.status(status);
  }
}

}  // namespace twinmapd
