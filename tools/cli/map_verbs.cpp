// Verbs that know maps by name: create, ls, info, rm, version.
#include <fmt/format.h>
#include <grp.h>
#include <cli/exit_code.hpp>
#include <cli/fields.hpp>
#include <cli/output.hpp>
#include <cli/sizes.hpp>
#include <cli/verbs.hpp>
#include <twinmap/admin.hpp>

#include <charconv>
#include <memory>

namespace twinmap::cli {
namespace {

struct create_arguments {
  std::string map;
  std::string key;
  std::string value;
  std::string max_bytes = "1G";
  std::string mode = "0600";
  std::string group;
};

mode_t parse_mode(const std::string& text) {
  mode_t mode = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (error != std::errc{} || end != text.data() + text.size() || mode > 0777) {
    throw usage_error(fmt::format("--mode takes permission bits in octal, not '{}'", text));
  }
  return mode;
}

gid_t parse_group(const std::string& text) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the tool has one thread here
  if (const group* found = ::getgrnam(text.c_str())) return found->gr_gid;
  gid_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw usage_error(fmt::format("there is no group '{}'", text));
  }
  return number;
}

void create(const settings& common, const create_arguments& arguments) {
  options wanted = where(common);
  wanted.max_bytes = parse_bytes(arguments.max_bytes);
  wanted.mode = parse_mode(arguments.mode);
  if (!arguments.group.empty()) wanted.group = parse_group(arguments.group);
  const bytes_map made(create_only, arguments.map, type_names{arguments.key, arguments.value},
                       wanted);
  if (common.output != output_format::table) write_object(common, to_json(made.info()));
}

void list_maps(const settings& common) {
  row_writer rows(common, {{"name", "NAME"},
                           {"key_type", "KEY"},
                           {"value_type", "VALUE"},
                           {"entries", "ENTRIES", true},
                           {"bytes_used", "USED", true},
                           {"bytes_committed", "COMMITTED", true},
                           {"bytes_max", "MAX", true},
                           {"writers", "WRITERS", true},
                           {"mode", "MODE"},
                           {"error", ""}});
  for (const map_info& each : list(where(common)))
    rows.row(to_json(each));
  rows.finish();
}

void remove_map(const settings& common, const std::string& map) {
  if (remove(map, where(common))) return;
  throw verb_failure(exit_code::not_found, fmt::format("there is no map '{}'", map));
}

void version(const settings& common) {
  if (common.output == output_format::table) {
    write_bytes("twinmap " TWINMAP_VERSION "\n");
  } else {
    write_object(common, {{"version", TWINMAP_VERSION}, {"format", storage::format_version}});
  }
}

void add_create(const verb_table& verbs) {
  const auto arguments = std::make_shared<create_arguments>();
  CLI::App* verb = verbs.add("create", "Make a map",
                             [&common = verbs.common, arguments] { create(common, *arguments); });
  verb->add_option("MAP", arguments->map, "1 to 200 of A-Z a-z 0-9 . _ -")->required();
  verb->add_option("--key", arguments->key,
                   "type of keys: u8…u64, i8…i64, bool, string, bytes, struct:NAME:SIZE")
      ->required();
  verb->add_option("--value", arguments->value, "type of values: the same, and f32, f64")
      ->required();
  verb->add_option(
          "--max-bytes", arguments->max_bytes,
          "upper bound; memory is taken only as it is used (K, M, G, T are powers of 1024)")
      ->capture_default_str();
  verb->add_option("--mode", arguments->mode, "permission bits, exact whatever the umask")
      ->capture_default_str();
  verb->add_option("--group", arguments->group, "group of the files, by name or number");
}

}  // namespace

void add_map_verbs(const verb_table& verbs) {
  add_create(verbs);
  verbs.add("ls", "List the maps of the directory",
            [&common = verbs.common] { list_maps(common); });
  const auto shown = std::make_shared<std::string>();
  verbs
      .add("info", "Tell what a map is: types, limits, owner",
           [&common = verbs.common, shown] {
             write_object(common, to_json(attach_to_read(common, *shown).info()));
           })
      ->add_option("MAP", *shown)
      ->required();
  const auto removed = std::make_shared<std::string>();
  verbs
      .add("rm", "Remove a map's name; who is attached goes on reading",
           [&common = verbs.common, removed] { remove_map(common, *removed); })
      ->add_option("MAP", *removed)
      ->required();
  verbs.add("version", "Print the version", [&common = verbs.common] { version(common); });
}

}  // namespace twinmap::cli
