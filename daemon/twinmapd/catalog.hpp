// The maps of the directory: those of the configuration, which are made if they are not there, and
// all others, as they come and go.
#pragma once

#include <utility>  // Asio 1.74 forgets it

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <twinmapd/bells.hpp>
#include <twinmapd/cared_map.hpp>
#include <twinmapd/config.hpp>
#include <twinmapd/watch.hpp>
#include <twinmapd/worker.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace twinmapd {

/// What a reload has done, and what it could not do. Names, or sentences for people.
struct reload_report {
  std::vector<std::string> added;
  std::vector<std::string> adjusted;
  std::vector<std::string> not_changed;
  std::vector<std::string> no_longer_configured;
  std::vector<std::string> failed;
};

/// One name. Invariant: `cared` is null exactly if the daemon is not attached; then `failure` says
/// why, or `dropped` that it shall not be.
struct map_entry {
  std::string name;
  std::optional<map_config> configured;
  std::unique_ptr<cared_map> cared;
  std::uint64_t id = 0;  ///< of the attachment
  bool armed = false;    ///< its bell
  std::error_code code;
  std::string failure;
  bool dropped = false;  ///< configured and removed since: made anew by a reload or a restart
  time_point retry_at = time_point::max();
  std::chrono::seconds retry_after{1};
};

class catalog {
 public:
  /// `changed` is called whenever maps came or went.
  catalog(boost::asio::io_context& loop, worker& hands, const config& settings, journal& log,
          std::function<void()> changed);

  /// Begins: makes the configured maps, adopts the others.
  void start();

  const std::map<std::string, map_entry>& maps() const { return maps_; }
  const std::string& directory() const { return directory_; }

  /// Null if there is no such map or the daemon is not attached to it.
  cared_map* find(const std::string& name);

  /// Makes a map that nobody has. Throws twinmap::error, already_exists among them.
  void create(const map_config& wanted);

  /// Removes name and files. False if there was no such map. Throws twinmap::error.
  bool drop(const std::string& name);

  void reload(const config& settings, reload_report& report);

  /// The configured maps that are not attached and shall be.
  std::vector<const map_entry*> missing() const;

 private:
  void reconcile(const std::string& name);
  void rescan();
  void try_to_attach(map_entry& entry);
  void refused(map_entry& entry, std::error_code code, const std::string& why);
  void let_go(map_entry& entry, const char* why);
  void forget_soon(const std::string& name);
  std::size_t count_refused() const;
  void schedule(time_point when);
  void run_passes();
  void settle(map_entry& entry, time_point now);
  void give_to_worker(map_entry& entry);
  void chore_ended(std::uint64_t id, bool useful, std::chrono::nanoseconds cost);
  void rung(std::uint64_t id);
  map_entry* entry_of(std::uint64_t id);
  void adjust_maps(const config& settings, reload_report& report);
  void add_map(const map_config& wanted, reload_report& report);

  boost::asio::io_context& loop_;
  worker& hands_;
  journal& log_;
  std::function<void()> changed_;
  std::string directory_;
  promotion_config promotion_;
  std::map<std::string, map_entry> maps_;
  std::uint64_t last_id_ = 0;
  bells bells_;
  std::unique_ptr<watch> watch_;
  boost::asio::steady_timer timer_;
  time_point timer_at_ = time_point::max();
};

}  // namespace twinmapd
