// The verbs. Each file of them adds its own to the command line; the one that was chosen is run
// after parsing.
#pragma once

#include <CLI/CLI.hpp>
#include <cli/settings.hpp>
#include <twinmap/bytes_map.hpp>

#include <functional>
#include <string>

namespace twinmap::cli {

using action = std::function<void()>;  ///< throws what exit_code_of understands

struct verb_table {
  CLI::App& app;
  const settings& common;
  action& chosen;

  CLI::App* add(const std::string& name, const std::string& help, action run) const;
};

void add_map_verbs(const verb_table& verbs);        ///< create, ls, info, rm, version
void add_entry_verbs(const verb_table& verbs);      ///< get, set, del, incr
void add_record_verbs(const verb_table& verbs);     ///< scan, dump, restore
void add_watch_verbs(const verb_table& verbs);      ///< stat, slots
void add_care_verbs(const verb_table& verbs);       ///< check, promote, sweep, writers
void add_top_verb(const verb_table& verbs);         ///< top
void add_daemon_verbs(const verb_table& verbs);     ///< daemon
void add_doctor_verb(const verb_table& verbs);      ///< doctor
void add_completion_verb(const verb_table& verbs);  ///< completion

options where(const settings& common);
/// The directory that the library resolves from the option and the environment.
std::string directory_in_force(const settings& common);
/// As people write it; the number where the system knows no name.
std::string user_name(uid_t user);
/// A PROT_READ mapping: nothing is written, and group read permission is enough.
bytes_map attach_to_read(const settings& common, const std::string& map);
bytes_map attach_to_write(const settings& common, const std::string& map);

}  // namespace twinmap::cli
