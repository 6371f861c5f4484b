#include <fmt/format.h>
#include <pwd.h>
#include <cli/verbs.hpp>

#include <cstdlib>

namespace twinmap::cli {

CLI::App* verb_table::add(const std::string& name, const std::string& help, action run) const {
  CLI::App* verb = app.add_subcommand(name, help);
  verb->fallthrough();  // global options may stand behind the verb, too
  verb->callback([&into = chosen, run = std::move(run)] { into = run; });
  return verb;
}

options where(const settings& common) {
  options chosen;
  chosen.directory = common.directory;
  return chosen;
}

std::string directory_in_force(const settings& common) {
  if (!common.directory.empty()) return common.directory;
  const char* variable = ::secure_getenv("TWINMAP_DIR");
  return variable != nullptr && *variable != '\0' ? variable : "/dev/shm";
}

std::string user_name(uid_t user) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the tool has one thread here
  const passwd* known = ::getpwuid(user);
  return known != nullptr ? known->pw_name : fmt::format("{}", user);
}

bytes_map attach_to_read(const settings& common, const std::string& map) {
  return bytes_map(open_read_only, map, where(common));
}

bytes_map attach_to_write(const settings& common, const std::string& map) {
  return bytes_map(open_only, map, where(common));
}

}  // namespace twinmap::cli
