// twinmapd: looks after the maps of a directory. argv → configuration → run → exit code.
#include <CLI/CLI.hpp>
#include <twinmapd/service.hpp>

#include <cstdio>
#include <exception>
#include <string>

namespace {

constexpr int exit_failure = 1;
constexpr int exit_usage = 2;
constexpr int exit_config = 78;  // EX_CONFIG of sysexits.h

struct arguments {
  std::string file = "/etc/twinmap/twinmapd.toml";
  bool file_given = false;
  bool check_only = false;
};

int check(const arguments& given) {
  const twinmapd::config all = twinmapd::load_config(given.file, given.file_given);
  std::printf("%s: %zu maps, socket %s, directory %s\n", given.file.c_str(), all.maps.size(),
              all.socket.c_str(), all.directory.c_str());
  return 0;
}

int serve(const arguments& given, twinmapd::journal& log) {
  twinmapd::service daemon([&] { return twinmapd::load_config(given.file, given.file_given); },
                           log);
  daemon.run();
  return 0;
}

int run(const arguments& given) {
  twinmapd::journal log;
  try {
    return given.check_only ? check(given) : serve(given, log);
  } catch (const twinmapd::config_error& wrong) {
    log.error("{}", wrong.what());
    return exit_config;
  } catch (const std::exception& failure) {
    log.error("{}", failure.what());
    return exit_failure;
  }
}

int parse_and_run(int argc, char** argv) {
  arguments given;
  CLI::App app("Looks after the twinmap maps of a directory.", "twinmapd");
  const CLI::Option* file =
      app.add_option("--config", given.file, "the configuration; conf.d beside it is read too")
          ->option_text("FILE")
          ->capture_default_str();
  app.add_flag("--check-config", given.check_only,
               "read the configuration, say what is wrong, exit");
  app.set_version_flag("--version", "twinmapd " TWINMAP_VERSION);
  app.footer("Exit codes: 0 ok, 1 failure, 2 usage, 78 bad configuration.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& refused) {
    return app.exit(refused) == 0 ? 0 : exit_usage;
  }
  given.file_given = file->count() != 0;
  return run(given);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return parse_and_run(argc, argv);
  } catch (...) {  // no memory even to say so
    return exit_failure;
  }
}
