// Messages of the daemon: with priorities for the journal where stderr leads there, else as text.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>

namespace twinmapd {

/// syslog's numbers.
enum class severity { error = 3, warning = 4, notice = 5, info = 6, debug = 7 };

std::string_view name_of(severity level);
std::optional<severity> severity_of(std::string_view name);

/// Writes one line a message to stderr. May be used by several threads: a line is one write.
class journal {
 public:
  journal();

  void set_level(severity most) { most_ = most; }

  template <class... Args>
  void error(fmt::format_string<Args...> text, Args&&... args) {
    write(severity::error, fmt::format(text, std::forward<Args>(args)...));
  }
  template <class... Args>
  void warning(fmt::format_string<Args...> text, Args&&... args) {
    write(severity::warning, fmt::format(text, std::forward<Args>(args)...));
  }
  template <class... Args>
  void notice(fmt::format_string<Args...> text, Args&&... args) {
    write(severity::notice, fmt::format(text, std::forward<Args>(args)...));
  }
  template <class... Args>
  void info(fmt::format_string<Args...> text, Args&&... args) {
    if (most_ >= severity::info)
      write(severity::info, fmt::format(text, std::forward<Args>(args)...));
  }
  template <class... Args>
  void debug(fmt::format_string<Args...> text, Args&&... args) {
    if (most_ >= severity::debug)
      write(severity::debug, fmt::format(text, std::forward<Args>(args)...));
  }

 private:
  void write(severity level, std::string text) const;

  severity most_ = severity::info;
  bool priorities_;  ///< stderr is the journal's: lines begin with <N>, see sd-daemon(3)
};

}  // namespace twinmapd
