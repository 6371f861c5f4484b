#include <twinmapd/watch.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>

namespace twinmapd {
namespace {

// IN_CREATE: a finished map is linked to its name. IN_MOVED_*: a name was replaced. IN_ATTRIB: what
// could not be opened may now be. IN_DELETE: the name is gone.
constexpr std::uint32_t interesting = IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE |
                                      IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

int make_inotify() {
  const int descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (descriptor < 0) throw std::system_error(errno, std::system_category(), "inotify_init1");
  return descriptor;
}

}  // namespace

watch::watch(boost::asio::io_context& loop, std::string directory, journal& log,
             std::function<void(const std::string&)> changed, std::function<void()> rescan)
    : directory_(std::move(directory)),
      log_(log),
      changed_(std::move(changed)),
      rescan_(std::move(rescan)),
      events_(loop, make_inotify()),
      retry_(loop) {
  read_some();
  begin();
}

void watch::begin() {
  watched_ = ::inotify_add_watch(events_.native_handle(), directory_.c_str(), interesting);
  if (watched_ < 0) {
    if (!std::exchange(reported_, true))
      log_.error("cannot watch {}: {}; trying again every second", directory_,
                 std::generic_category().message(errno));
    begin_later();
    return;
  }
  if (std::exchange(reported_, false)) log_.notice("watching {} again", directory_);
  // Whatever comes after the watch is an event, whatever came before is seen by the scan.
  rescan_();
}

void watch::begin_later() {
  retry_.expires_after(std::chrono::seconds(1));
  retry_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) begin();
  });
}

void watch::read_some() {
  events_.async_read_some(boost::asio::buffer(buffer_),
                          [this](const boost::system::error_code& failure, std::size_t length) {
                            if (failure == boost::asio::error::operation_aborted) return;
                            if (!failure) take(buffer_.data(), length);
                            read_some();
                          });
}

void watch::take(const char* events, std::size_t length) {
  bool missed = false;
  bool lost = false;
  for (std::size_t at = 0; at < length;) {
    inotify_event event{};
    std::memcpy(&event, events + at, sizeof event);
    const char* name = events + at + sizeof event;
    at += sizeof event + event.len;
    if ((event.mask & IN_Q_OVERFLOW) != 0) {
      missed = true;
    } else if (event.wd == watched_ &&
               (event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) != 0) {
      lost = true;
    } else if (event.wd == watched_ && event.len != 0) {
      changed_(name);
    }
  }
  if (lost) {
    log_.error("{} is gone", directory_);
    ::inotify_rm_watch(events_.native_handle(), watched_);
    watched_ = -1;
    reported_ = true;
    rescan_();
    begin_later();
  } else if (missed) {
    log_.notice("too many changes at once in {}: it is read anew", directory_);
    rescan_();
  }
}

}  // namespace twinmapd
