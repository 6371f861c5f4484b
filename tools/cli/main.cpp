// twinmap: look at maps, change them, take care of them. argv → settings and a verb → run → exit
// code.
#include <cli/exit_code.hpp>
#include <cli/output.hpp>
#include <cli/verbs.hpp>

#include <csignal>
#include <map>

namespace {

using namespace twinmap::cli;

void add_global_options(CLI::App& app, settings& common) {
  static const std::map<std::string, output_format> formats{{"table", output_format::table},
                                                            {"json", output_format::document},
                                                            {"jsonl", output_format::lines}};
  static const std::map<std::string, text_form> forms{
      {"text", text_form::text}, {"hex", text_form::hex}, {"b64", text_form::b64}};
  app.add_option("--dir", common.directory,
                 "where the maps are (default: $TWINMAP_DIR, else /dev/shm)");
  app.add_option("--socket", common.socket, "the daemon's socket")->capture_default_str();
  CLI::Option* output = app.add_option("-o", common.output, "how to print: table, json or jsonl")
                            ->transform(CLI::CheckedTransformer(formats))
                            ->option_text("FORMAT");
  app.add_flag_callback(
         "--json", [&common] { common.output = output_format::document; }, "the same as -o json")
      ->excludes(output);
  app.add_flag("--no-headers", common.no_headers, "tables without their first line");
  app.add_flag("-q", common.quiet, "no messages, only data and the exit code");
  for (const auto& [name, form] :
       {std::pair{"--key-as", &common.key_as}, std::pair{"--value-as", &common.value_as}}) {
    app.add_option(name, *form, "how bytes are given and shown: text, hex or b64")
        ->transform(CLI::CheckedTransformer(forms))
        ->option_text("FORM");
  }
}

int code(exit_code of) {
  return static_cast<int>(of);
}

int refuse(const CLI::App& app, const settings& common, const CLI::ParseError& refused) {
  if (refused.get_exit_code() == 0) return app.exit(refused);  // --help
  const std::vector<std::string> unknown = app.remaining();
  if (app.get_subcommands().empty() && !unknown.empty()) {
    say(common, "there is no verb '" + unknown.front() + "'; see twinmap --help");
  } else {
    say(common, std::string(refused.what()) + "; see twinmap --help");
  }
  return code(exit_code::usage);
}

int run(const settings& common, const action& chosen) {
  try {
    try {
      chosen();
    } catch (...) {
      finish_output();  // what was found before the failure belongs to the answer
      throw;
    }
    finish_output();
    return code(exit_code::ok);
  } catch (const std::exception& failure) {
    say(common, failure.what());
    return code(exit_code_of(failure));
  }
}

}  // namespace

// What may leave it: std::bad_alloc, and the complaint of CLI11 about options declared wrongly.
// NOLINTNEXTLINE(bugprone-exception-escape)
int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is a failed write like any other
  settings common;
  action chosen;
  CLI::App app("Looks at twinmap maps, changes them and takes care of them.", "twinmap");
  app.footer(
      "Exit codes: 0 ok, 1 failure, 2 usage, 3 not found, 4 daemon unreachable, 5 permission,\n"
      "6 corrupt or incompatible, 7 timeout, 8 conflict, 9 full.");
  add_global_options(app, common);
  app.require_subcommand(1);
  const verb_table verbs{app, common, chosen};
  add_map_verbs(verbs);
  add_entry_verbs(verbs);
  add_record_verbs(verbs);
  add_watch_verbs(verbs);
  add_care_verbs(verbs);
  add_top_verb(verbs);
  add_daemon_verbs(verbs);
  add_doctor_verb(verbs);
  add_completion_verb(verbs);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& refused) {
    return refuse(app, common, refused);
  }
  return run(common, chosen);
}
