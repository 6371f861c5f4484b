// Verbs for all keys at once: scan, dump, restore.
#include <fmt/format.h>
#include <unistd.h>
#include <cli/exit_code.hpp>
#include <cli/glob.hpp>
#include <cli/output.hpp>
#include <cli/progress_bar.hpp>
#include <cli/record_file.hpp>
#include <cli/verbs.hpp>

#include <cstdio>
#include <exception>
#include <memory>
#include <optional>

namespace twinmap::cli {
namespace {

struct scan_arguments {
  std::string map;
  std::optional<std::string> match;
  std::optional<std::uint64_t> limit;
};

struct file_arguments {
  std::string map;
  std::string file;
  bool keep = false;
};

/// The types of a map's keys and values, between bytes and JSON.
struct record_types {
  named_type key;
  named_type value;

  explicit record_types(const map_info& info) : key(info.key_type), value(info.value_type) {}
};

void scan(const settings& common, const scan_arguments& arguments) {
  const bytes_map map = attach_to_read(common, arguments.map);
  const record_types types(map.info());
  const std::optional<glob> wanted =
      arguments.match ? std::optional<glob>(*arguments.match) : std::nullopt;
  row_writer rows(common, {{"key", "KEY"}, {"value", "VALUE"}});
  std::uint64_t left = arguments.limit.value_or(UINT64_MAX);
  map.for_each([&](const std::string& key, const std::string& value) {
    if (wanted && !wanted->matches(types.key.show(key, common.key_as))) return true;
    rows.row({{"key", types.key.to_json(key, common.key_as)},
              {"value", types.value.to_json(value, common.value_as)}});
    return --left != 0 && std::ferror(stdout) == 0;
  });
  rows.finish();
}

// The data itself may scroll over the terminal: a bar would only be in its way.
settings for_bar(const settings& common, const file_arguments& arguments) {
  settings bar = common;
  const bool to_stdout = arguments.file.empty() || arguments.file == "-";
  bar.quiet = common.quiet || (to_stdout && ::isatty(STDOUT_FILENO) == 1);
  return bar;
}

void dump(const settings& common, const file_arguments& arguments) {
  const bytes_map map = attach_to_read(common, arguments.map);
  const record_types types(map.info());
  record_writer out(arguments.file);
  const std::uint64_t total = map.size();
  progress_bar bar(for_bar(common, arguments), "dump " + arguments.map, total, "keys");
  std::uint64_t done = 0;
  map.for_each([&](const std::string& key, const std::string& value) {
    const json record{{"key", types.key.to_record(key, common.key_as)},
                      {"value", types.value.to_record(value, common.value_as)}};
    ++done;
    bar.at(done, done);
    return out.line(record.dump());
  });
  out.finish();
  bar.finish();
}

struct restored {
  std::uint64_t stored = 0;
  std::uint64_t kept = 0;
};

const json& field(const json& record, const char* name) {
  const auto found = record.find(name);
  if (found == record.end()) throw usage_error(fmt::format("there is no \"{}\" in it", name));
  return *found;
}

void restore_record(const settings& common, bool keep, std::string_view line,
                    const record_types& types, bytes_map& map, restored& so_far) {
  const json record = json::parse(line);
  if (!record.is_object()) throw usage_error("this is no JSON object");
  const std::string key = types.key.from_json(field(record, "key"), common.key_as);
  const std::string value = types.value.from_json(field(record, "value"), common.value_as);
  if (keep && map.load_or_store(key, value).second) {
    ++so_far.kept;
    return;
  }
  if (!keep) map.store(key, value);
  ++so_far.stored;
}

/// What went wrong with one line, with the line and what was done before it. A line that says
/// nothing sensible is a failure (1) and not wrong usage: the command line was right.
verb_failure failure_at(const std::string& where, const std::exception& why,
                        const restored& so_far) {
  const auto* broken = dynamic_cast<const json::exception*>(&why);
  const auto* misused = dynamic_cast<const usage_error*>(&why);
  const exit_code code =
      broken != nullptr || misused != nullptr ? exit_code::failure : exit_code_of(why);
  std::string kept = so_far.kept == 0 ? "" : fmt::format(", {} kept", so_far.kept);
  return {code, fmt::format("{}: {} (before it {} were stored{})", where, why.what(), so_far.stored,
                            kept)};
}

void restore(const settings& common, const file_arguments& arguments) {
  bytes_map map = attach_to_write(common, arguments.map);
  const record_types types(map.info());
  record_reader in(arguments.file);
  restored so_far;
  {
    progress_bar bar(common, "restore " + arguments.map, in.bytes(), "keys");
    while (in.next()) {
      if (in.line().find_first_not_of(" \t\r\n") == std::string_view::npos) continue;
      try {
        restore_record(common, arguments.keep, in.line(), types, map, so_far);
      } catch (const std::exception& why) {
        throw failure_at(in.where(), why, so_far);
      }
      bar.at(in.bytes_read(), so_far.stored + so_far.kept);
    }
    bar.finish();
  }
  write_object(common, {{"stored", so_far.stored}, {"kept", so_far.kept}});
}

}  // namespace

void add_record_verbs(const verb_table& verbs) {
  const auto scanned = std::make_shared<scan_arguments>();
  CLI::App* verb = verbs.add("scan", "List keys and values",
                             [&common = verbs.common, scanned] { scan(common, *scanned); });
  verb->add_option("MAP", scanned->map)->required();
  verb->add_option("--match", scanned->match, "only keys of this pattern: * ? [a-z] [!a-z]")
      ->option_text("GLOB");
  verb->add_option("--limit", scanned->limit, "no more than that many")
      ->check(CLI::PositiveNumber)
      ->option_text("N");

  const auto dumped = std::make_shared<file_arguments>();
  verb = verbs.add("dump", "Write all keys and values as JSON lines",
                   [&common = verbs.common, dumped] { dump(common, *dumped); });
  verb->add_option("MAP", dumped->map)->required();
  verb->add_option("-f", dumped->file, "to this file, which gets its name when it is complete")
      ->option_text("FILE");

  const auto read = std::make_shared<file_arguments>();
  verb = verbs.add("restore", "Store what a dump holds",
                   [&common = verbs.common, read] { restore(common, *read); });
  verb->add_option("MAP", read->map)->required();
  verb->add_option("-f", read->file, "from this file instead of stdin")->option_text("FILE");
  verb->add_flag("--keep", read->keep, "leave keys alone that the map has already");
}

}  // namespace twinmap::cli
