#include <twinmapd/catalog.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <filesystem>
#include <set>

namespace twinmapd {
namespace {

constexpr std::chrono::seconds longest_retry{60};

// A map that is looked at again within this time need not ring.
constexpr std::chrono::milliseconds soon{25};

// Everybody may put files into /dev/shm: they shall not fill our memory.
constexpr std::size_t most_refused = 1000;

/// Refusals that last until somebody changes the file, of which inotify tells.
bool lasts(const std::error_code& code) {
  using twinmap::errc;
  return code == errc::permission_denied || code == errc::corrupted ||
         code == errc::incompatible_layout || code == errc::type_mismatch ||
         code == errc::not_found;
}

std::set<std::string> names_in(const std::string& directory) {
  std::set<std::string> names;
  std::error_code failure;
  for (std::filesystem::directory_iterator each(directory, failure), end; !failure && each != end;
       each.increment(failure))
    if (std::optional<std::string> name = map_of_file(each->path().filename().string()))
      names.insert(std::move(*name));
  return names;
}

}  // namespace

catalog::catalog(boost::asio::io_context& loop, worker& hands, const config& settings, journal& log,
                 std::function<void()> changed)
    : loop_(loop),
      hands_(hands),
      log_(log),
      changed_(std::move(changed)),
      directory_(settings.directory),
      promotion_(settings.promotion),
      bells_(loop, [this](std::uint64_t id) { rung(id); }),
      timer_(loop) {
  for (const map_config& wanted : settings.maps) {
    map_entry& entry = maps_[wanted.name];
    entry.name = wanted.name;
    entry.configured = wanted;
  }
}

void catalog::start() {
  watch_ = std::make_unique<watch>(
      loop_, directory_, log_,
      [this](const std::string& file) {
        if (const std::optional<std::string> name = map_of_file(file)) reconcile(*name);
      },
      [this] { rescan(); });
  if (!watch_->watching()) rescan();
}

void catalog::rescan() {
  std::set<std::string> names = names_in(directory_);
  for (const auto& [name, entry] : maps_)
    names.insert(name);
  for (const std::string& name : names)
    reconcile(name);
}

/// Brings what is known of a name in line with what is there.
void catalog::reconcile(const std::string& name) {
  const std::optional<file_identity> file = identity_of(directory_, name);
  const auto found = maps_.find(name);
  if (found == maps_.end()) {
    if (!file) return;
    map_entry& entry = maps_[name];
    entry.name = name;
    try_to_attach(entry);
    return;
  }
  map_entry& entry = found->second;
  if (entry.cared && file == entry.cared->file()) return;
  if (entry.cared) {
    let_go(entry, file ? "its name leads to another file" : "its name was removed");
    entry.dropped = !file && entry.configured;
  }
  if (file || (entry.configured && !entry.dropped)) {
    try_to_attach(entry);
  } else if (!entry.configured) {
    maps_.erase(found);
    changed_();
  }
}

void catalog::try_to_attach(map_entry& entry) {
  entry.retry_at = time_point::max();
  try {
    const map_config* configured = entry.configured ? &*entry.configured : nullptr;
    entry.cared = std::make_unique<cared_map>(attach(directory_, entry.name, configured));
  } catch (const twinmap::error& failure) {
    refused(entry, failure.code(), failure.what());
    return;
  } catch (const std::system_error& failure) {
    refused(entry, failure.code(), failure.what());
    return;
  } catch (const std::exception& failure) {
    refused(entry, std::make_error_code(std::errc::not_enough_memory), failure.what());
    return;
  }
  entry.id = ++last_id_;
  entry.armed = false;
  entry.code.clear();
  entry.failure.clear();
  entry.dropped = false;
  entry.retry_after = std::chrono::seconds(1);
  log_.info("{} map '{}'", entry.cared->map().created() ? "made" : "adopted", entry.name);
  if (entry.configured)
    for (const std::string& difference : differences(*entry.configured, entry.cared->map()))
      log_.notice("map '{}': {}; a map stays as it was made", entry.name, difference);
  changed_();
  schedule(steady_clock::now());
}

void catalog::refused(map_entry& entry, std::error_code code, const std::string& why) {
  const bool foreign = !entry.configured;
  // Gone before we came; or one of too many that others have and we may not open.
  if (foreign && (code == twinmap::errc::not_found ||
                  (lasts(code) && entry.failure.empty() && count_refused() >= most_refused))) {
    forget_soon(entry.name);
    return;
  }
  if (entry.failure != why) {
    // Other users' private maps are nobody's trouble.
    if (foreign && code == twinmap::errc::permission_denied)
      log_.debug("left alone: {}", why);
    else
      log_.error("{}: {}", foreign ? "left alone" : "configured map is not available", why);
  }
  entry.code = code;
  entry.failure = why;
  if (!foreign || !lasts(code)) {
    entry.retry_at = steady_clock::now() + entry.retry_after;
    if (foreign) entry.retry_after = std::min(entry.retry_after * 2, longest_retry);
    schedule(entry.retry_at);
  }
  changed_();
}

void catalog::let_go(map_entry& entry, const char* why) {
  log_.info("let map '{}' go: {}", entry.name, why);
  bells_.disarm(entry.id);
  entry.cared.reset();
  changed_();
}

/// Later: whoever calls may be walking through the maps.
void catalog::forget_soon(const std::string& name) {
  boost::asio::post(loop_, [this, name] {
    const auto found = maps_.find(name);
    if (found == maps_.end() || found->second.configured || found->second.cared) return;
    maps_.erase(found);
    changed_();
  });
}

cared_map* catalog::find(const std::string& name) {
  const auto found = maps_.find(name);
  return found == maps_.end() ? nullptr : found->second.cared.get();
}

void catalog::create(const map_config& wanted) {
  make_map(directory_, wanted);
  reconcile(wanted.name);
}

bool catalog::drop(const std::string& name) {
  const bool removed = twinmap::remove(name, {.directory = directory_});
  if (removed) log_.notice("removed map '{}' on request", name);
  const auto found = maps_.find(name);
  if (found != maps_.end() && found->second.configured) found->second.dropped = true;
  reconcile(name);
  return removed;
}

std::size_t catalog::count_refused() const {
  return static_cast<std::size_t>(std::count_if(
      maps_.begin(), maps_.end(), [](const auto& each) { return !each.second.failure.empty(); }));
}

std::vector<const map_entry*> catalog::missing() const {
  std::vector<const map_entry*> result;
  for (const auto& [name, entry] : maps_)
    if (entry.configured && !entry.cared && !entry.dropped) result.push_back(&entry);
  return result;
}

// --- what is due -------------------------------------------------------------------------------

void catalog::schedule(time_point when) {
  if (when >= timer_at_) return;
  timer_at_ = when;
  timer_.expires_at(when);
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    timer_at_ = time_point::max();
    run_passes();
  });
}

void catalog::run_passes() {
  const time_point now = steady_clock::now();
  time_point next = time_point::max();
  std::vector<std::string> changed;
  for (auto& [name, entry] : maps_) {
    if (entry.cared && entry.cared->next() <= now) {
      if (!entry.cared->pass(promotion_, now, log_)) changed.push_back(name);
      settle(entry, now);
    }
    if (entry.retry_at <= now) {
      entry.retry_at = time_point::max();
      changed.push_back(name);
    }
    next = std::min({next, entry.retry_at, entry.cared ? entry.cared->next() : time_point::max()});
  }
  for (const std::string& name : changed)
    reconcile(name);
  if (next != time_point::max()) schedule(next);
}

/// After a pass: what takes long goes to the worker, and a map that is not looked at again soon is
/// left to its bell.
void catalog::settle(map_entry& entry, time_point now) {
  if (entry.cared->wanted() != chore::none) give_to_worker(entry);
  if (entry.armed || entry.cared->next() <= now + soon) return;
  bells_.arm(entry.id, entry.cared->bell(), entry.cared->attached());
  entry.armed = true;
}

void catalog::give_to_worker(map_entry& entry) {
  const std::shared_ptr<attachment> map = entry.cared->attached();
  const chore what = entry.cared->wanted();
  const bool begun = hands_.run([this, map, what, id = entry.id]() -> std::function<void()> {
    const std::chrono::nanoseconds start = thread_time();
    bool useful = true;
    std::string failure;
    try {
      if (what == chore::compact)
        useful = twinmap::compact(map->map);
      else
        twinmap::sweep(map->map);
    } catch (const std::exception& error) {
      useful = false;
      failure = error.what();
    }
    const std::chrono::nanoseconds cost = thread_time() - start;
    return [this, id, useful, cost, failure] {
      if (!failure.empty()) log_.debug("{}", failure);
      chore_ended(id, useful, cost);
    };
  });
  if (begun)
    entry.cared->chore_begun();
  else
    entry.cared->chore_refused(steady_clock::now());
}

void catalog::chore_ended(std::uint64_t id, bool useful, std::chrono::nanoseconds cost) {
  map_entry* entry = entry_of(id);
  if (entry == nullptr) return;
  entry->cared->chore_ended(useful, cost, steady_clock::now());
  schedule(entry->cared->next());
}

void catalog::rung(std::uint64_t id) {
  map_entry* entry = entry_of(id);
  if (entry == nullptr) return;
  entry->armed = false;
  entry->cared->rung();
  schedule(steady_clock::now());
}

map_entry* catalog::entry_of(std::uint64_t id) {
  for (auto& [name, entry] : maps_)
    if (entry.cared && entry.id == id) return &entry;
  return nullptr;
}

// --- reload ------------------------------------------------------------------------------------

void catalog::reload(const config& settings, reload_report& report) {
  if (settings.promotion != promotion_) {
    report.adjusted.push_back(
        fmt::format("promotion: max_age {} (was {}), compact_deleted {} (was {})",
                    show_duration(settings.promotion.max_age), show_duration(promotion_.max_age),
                    settings.promotion.compact_deleted, promotion_.compact_deleted));
    promotion_ = settings.promotion;
  }
  if (settings.directory != directory_)
    report.not_changed.push_back(
        fmt::format("directory: {} stays until a restart, the configuration says {}", directory_,
                    settings.directory));
  adjust_maps(settings, report);
  schedule(steady_clock::now());
}

void catalog::adjust_maps(const config& settings, reload_report& report) {
  for (auto& [name, entry] : maps_) {
    const auto is_this = [&name_ = name](const map_config& each) { return each.name == name_; };
    if (!entry.configured || std::any_of(settings.maps.begin(), settings.maps.end(), is_this))
      continue;
    entry.configured.reset();
    report.no_longer_configured.push_back(name);
  }
  for (const map_config& wanted : settings.maps)
    add_map(wanted, report);
  rescan();  // what is neither configured nor there is forgotten
}

void catalog::add_map(const map_config& wanted, reload_report& report) {
  map_entry& entry = maps_[wanted.name];
  const bool known = entry.configured.has_value();
  entry.name = wanted.name;
  entry.configured = wanted;
  entry.dropped = false;
  if (!entry.cared) try_to_attach(entry);
  if (!entry.cared) {
    report.failed.push_back(entry.failure);
    return;
  }
  if (!known) report.added.push_back(wanted.name);
  for (const std::string& difference : differences(wanted, entry.cared->map()))
    report.not_changed.push_back(
        fmt::format("map '{}': {}; a map stays as it was made", wanted.name, difference));
}

}  // namespace twinmapd
