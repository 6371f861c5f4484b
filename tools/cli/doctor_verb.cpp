// doctor: is this machine, and what lies in the directory, as maps want it?
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <cli/daemon_client.hpp>
#include <cli/doctor.hpp>
#include <cli/exit_code.hpp>
#include <cli/output.hpp>
#include <cli/verbs.hpp>

#include <algorithm>
#include <string_view>

namespace twinmap::cli {
namespace {

std::string_view name_of(finding_status status) {
  switch (status) {
    case finding_status::ok:
      return "ok";
    case finding_status::warn:
      return "warn";
    case finding_status::fail:
      return "fail";
  }
  return "unknown";
}

std::filesystem::path resolved(const std::string& directory) {
  std::error_code ignored;
  const std::filesystem::path path = std::filesystem::weakly_canonical(directory, ignored);
  return ignored ? std::filesystem::path(directory) : path;
}

std::vector<map_info> maps_of(const settings& common) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(directory_in_force(common), ignored)) return {};
  try {
    return list(where(common));
  } catch (const error&) {
    return {};  // what is wrong with the directory is a finding of its own
  }
}

std::size_t line_width() {
  winsize size{};
  const bool terminal = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0;
  return terminal ? size.ws_col : std::string::npos;  // programs want one line each
}

/// `text` behind `margin`, and as many further lines below it as it takes.
void write_wrapped(const std::string& margin, std::string_view text) {
  constexpr std::size_t narrowest = 20;
  const std::size_t width = line_width();
  const std::size_t room = width == std::string::npos
                               ? width
                               : std::max(narrowest, width - std::min(width, margin.size() + 1));
  std::string before = margin;
  while (!text.empty()) {
    std::size_t end = text.size();
    if (end > room) {
      end = text.rfind(' ', room);
      if (end == std::string_view::npos || end == 0) end = std::min(text.find(' '), text.size());
    }
    write_bytes(fmt::format("{}{}\n", before, text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
    before.assign(margin.size(), ' ');
  }
}

void write_table(const settings& common, const std::vector<finding>& findings) {
  std::size_t widest = 0;
  for (const finding& each : findings)
    widest = std::max(widest, each.check.size());
  const auto margin = [widest](std::string_view status, std::string_view check) {
    return fmt::format("{:<6}  {:<{}}  ", status, check, widest);
  };
  if (!common.no_headers) write_bytes(margin("STATUS", "CHECK") + "FINDING\n");
  for (const finding& each : findings) {
    write_wrapped(margin(name_of(each.status), each.check), each.text);
    if (!each.remedy.empty()) write_wrapped(margin("", "") + "-> ", each.remedy);
  }
}

void write_rows(const settings& common, const std::vector<finding>& findings) {
  row_writer rows(common, {});
  for (const finding& each : findings)
    rows.row({{"check", each.check},
              {"status", name_of(each.status)},
              {"finding", each.text},
              {"remedy", each.remedy}});
  rows.finish();
}

void doctor(const settings& common) {
  examination all(common);
  examine_directory(all);
  examine_remove_ipc(all);
  examine_huge_pages(all);
  examine_memory_limits(all);
  examine_unlinked_maps(all);
  examine_left_overs(all);
  examine_writers(all);
  examine_kernel(all);
  examine_daemon(all);
  if (common.output == output_format::table) {
    write_table(common, all.findings());
  } else {
    write_rows(common, all.findings());
  }
  const auto failed =
      std::count_if(all.findings().begin(), all.findings().end(),
                    [](const finding& each) { return each.status == finding_status::fail; });
  if (failed == 0) return;
  throw verb_failure(exit_code::failure, fmt::format("{} check(s) failed", failed));
}

}  // namespace

examination::examination(const settings& asked)
    : common(asked), directory(resolved(directory_in_force(asked))), maps(maps_of(asked)) {}

void examination::ok(const std::string& check, std::string text) {
  findings_.push_back({check, finding_status::ok, std::move(text), {}});
}

void examination::warn(const std::string& check, std::string text, std::string remedy) {
  findings_.push_back({check, finding_status::warn, std::move(text), std::move(remedy)});
}

void examination::fail(const std::string& check, std::string text, std::string remedy) {
  findings_.push_back({check, finding_status::fail, std::move(text), std::move(remedy)});
}

void examine_daemon(examination& into) {
  const std::string& socket = into.common.socket;
  constexpr auto no_harm = "maps need no daemon; for one: systemctl start twinmapd";
  try {
    const daemon_answer answer = ask_daemon(socket, "GET", "/healthz");
    if (answer.status != 200) {
      into.warn("daemon", fmt::format("at {}: {}", socket, complaint_of(answer)),
                "twinmap daemon ping tells more; journalctl -u twinmapd");
    } else {
      const json version = answer.body.is_object() ? answer.body.value("version", json()) : json();
      into.ok("daemon", fmt::format("ready at {}, version {}", socket,
                                    version.is_string() ? version.get<std::string>() : "unknown"));
    }
  } catch (const std::exception& why) {
    into.warn("daemon", why.what(), no_harm);
  }
}

void add_doctor_verb(const verb_table& verbs) {
  verbs.add("doctor", "Look for what keeps maps from working well on this machine",
            [&common = verbs.common] { doctor(common); });
}

}  // namespace twinmap::cli
