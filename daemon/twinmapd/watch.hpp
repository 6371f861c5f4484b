// What happens to names in a directory, by inotify.
#pragma once

#include <sys/inotify.h>
#include <utility>  // Asio 1.74 forgets it

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <twinmapd/journal.hpp>

#include <array>
#include <functional>
#include <string>

namespace twinmapd {

/// Calls `changed(file)` when a file came, went, was replaced or got other permissions, and
/// `rescan()` when events may have been missed: first of all once the directory is watched, after
/// an overflow, and when the directory itself was away.
class watch {
 public:
  watch(boost::asio::io_context& loop, std::string directory, journal& log,
        std::function<void(const std::string&)> changed, std::function<void()> rescan);
  watch(const watch&) = delete;
  watch& operator=(const watch&) = delete;

  /// Whether the directory is being watched; if not, it is tried again every second.
  bool watching() const { return watched_ >= 0; }

 private:
  void begin();
  void begin_later();
  void read_some();
  void take(const char* events, std::size_t length);

  std::string directory_;
  journal& log_;
  std::function<void(const std::string&)> changed_;
  std::function<void()> rescan_;
  boost::asio::posix::stream_descriptor events_;
  boost::asio::steady_timer retry_;
  int watched_ = -1;
  bool reported_ = false;  ///< that it cannot be watched
  alignas(inotify_event) std::array<char, 16384> buffer_{};
};

}  // namespace twinmapd
