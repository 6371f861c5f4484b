#include <twinmapd/journal.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

namespace twinmapd {
namespace {

struct level_name {
  severity level;
  std::string_view name;
};
constexpr std::array<level_name, 5> names{{{severity::error, "error"},
                                           {severity::warning, "warning"},
                                           {severity::notice, "notice"},
                                           {severity::info, "info"},
                                           {severity::debug, "debug"}}};

/// $JOURNAL_STREAM names the device and inode of the journal's stream: stderr may lead elsewhere
/// all the same.
bool stderr_is_the_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat facts {};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &facts) != 0) return false;
  return stream == fmt::format("{}:{}", facts.st_dev, facts.st_ino);
}

}  // namespace

std::string_view name_of(severity level) {
  const auto found = std::find_if(names.begin(), names.end(),
                                  [&](const level_name& each) { return each.level == level; });
  return found == names.end() ? "unknown" : found->name;
}

std::optional<severity> severity_of(std::string_view name) {
  const auto found = std::find_if(names.begin(), names.end(),
                                  [&](const level_name& each) { return each.name == name; });
  if (found == names.end()) return std::nullopt;
  return found->level;
}

journal::journal() : priorities_(stderr_is_the_journal()) {}

void journal::write(severity level, std::string text) const {
  if (level > most_) return;
  // A message is one line, whatever a path or a peer put into it.
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  const std::string line = priorities_ ? fmt::format("<{}>{}\n", static_cast<int>(level), text)
                                       : fmt::format("twinmapd: {}: {}\n", name_of(level), text);
  // Nobody is left to be told that stderr cannot be written to.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace twinmapd
