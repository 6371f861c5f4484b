// daemon ping, status, reload: what only the daemon can tell or do.
#include <fmt/format.h>
#include <cli/daemon_client.hpp>
#include <cli/exit_code.hpp>
#include <cli/output.hpp>
#include <cli/verbs.hpp>

#include <memory>

namespace twinmap::cli {
namespace {

json object_from(const settings& common, json answer) {
  if (answer.is_object()) return answer;
  throw verb_failure(exit_code::failure,
                     fmt::format("the answer from {} is not what a daemon says", common.socket));
}

/// What the daemon tells about itself: also one that is not ready yet is there.
json health(const settings& common, bool& ready) {
  const daemon_answer answer = ask_daemon(common.socket, "GET", "/healthz");
  ready = answer.status == 200;
  const bool starting =
      answer.status == 503 && answer.body.is_object() && answer.body.contains("status");
  if (ready || starting) return object_from(common, answer.body);
  return object_from(common, ask_daemon_for(common.socket, "GET", "/healthz"));
}

std::string waiting_for(const json& health) {
  std::string names;
  if (!health.contains("waiting_for") || !health["waiting_for"].is_array()) return names;
  for (const json& each : health["waiting_for"]) {
    if (!each.is_object()) continue;
    const std::string error = each.value("error", "");
    names += fmt::format("{}{}{}", names.empty() ? "" : ", ", each.value("name", "?"),
                         error.empty() ? "" : " (" + error + ")");
  }
  return names;
}

void ping(const settings& common) {
  bool ready = false;
  const json answer = health(common, ready);
  write_object(common, answer);
  if (ready) return;
  throw verb_failure(exit_code::failure,
                     fmt::format("the daemon is not ready; it waits for: {}", waiting_for(answer)));
}

void status(const settings& common) {
  bool ready = false;
  const json self = health(common, ready);
  json maps = object_from(common, ask_daemon_for(common.socket, "GET", "/v1/maps"));
  if (!maps.contains("maps") || !maps["maps"].is_array()) {
    throw verb_failure(exit_code::failure,
                       fmt::format("the answer from {} has no maps", common.socket));
  }
  if (common.output != output_format::table) {
    return write_object(common, {{"daemon", self}, {"maps", std::move(maps["maps"])}});
  }
  write_object(common, self);
  write_bytes("\n");
  row_writer rows(common, {{"name", "NAME"},
                           {"key_type", "KEY"},
                           {"value_type", "VALUE"},
                           {"entries", "ENTRIES", true},
                           {"bytes_used", "USED", true},
                           {"writers", "WRITERS", true},
                           {"configured", "CONFIGURED"},
                           {"cared_for", "CARED_FOR"},
                           {"error", ""}});
  for (const json& each : maps["maps"])
    if (each.is_object()) rows.row(each);
  rows.finish();
}

void reload(const settings& common) {
  write_object(common, object_from(common, ask_daemon_for(common.socket, "POST", "/v1/reload")));
}

}  // namespace

void add_daemon_verbs(const verb_table& verbs) {
  const auto asked = std::make_shared<std::string>();
  CLI::App* verb = verbs.add("daemon",
                             "Talk to the daemon: is it there, what does it care for, read its "
                             "configuration again",
                             [&common = verbs.common, asked] {
                               if (*asked == "ping") return ping(common);
                               if (*asked == "status") return status(common);
                               reload(common);
                             });
  verb->add_option("ACTION", *asked, "ping, status or reload")
      ->required()
      ->check(CLI::IsMember({"ping", "status", "reload"}))
      ->option_text("ping|status|reload");
}

}  // namespace twinmap::cli
