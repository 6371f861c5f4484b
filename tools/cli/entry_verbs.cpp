// Verbs for one key: get, set, del, incr.
#include <fmt/format.h>
#include <unistd.h>
#include <cli/exit_code.hpp>
#include <cli/output.hpp>
#include <cli/verbs.hpp>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <system_error>

namespace twinmap::cli {
namespace {

struct key_arguments {
  std::string map;
  std::string key;
};

struct set_arguments : key_arguments {
  std::string value;
  bool if_absent = false;
  std::optional<std::string> if_equal;
};

struct incr_arguments : key_arguments {
  std::string by = "1";
};

/// A map with the types of its keys and values, and one key of it as the user wrote it.
struct place {
  bytes_map map;
  named_type key_type;
  named_type value_type;
  std::string key;

  place(const settings& common, bytes_map attached, const key_arguments& arguments)
      : map(std::move(attached)),
        key_type(map.info().key_type),
        value_type(map.info().value_type),
        key(key_type.parse(arguments.key, common.key_as)) {}
};

std::string read_stdin() {
  std::string all;
  char part[65536];
  while (const std::size_t got = std::fread(part, 1, sizeof part, stdin))
    all.append(part, got);
  if (std::ferror(stdin) != 0) {
    throw std::system_error(errno, std::system_category(), "reading from stdin");
  }
  return all;
}

[[noreturn]] void fail_absent(const key_arguments& arguments) {
  throw verb_failure(exit_code::not_found,
                     fmt::format("map '{}' has no key '{}'", arguments.map, arguments.key));
}

void get(const settings& common, const key_arguments& arguments) {
  const place at(common, attach_to_read(common, arguments.map), arguments);
  const std::optional<std::string> value = at.map.load(at.key);
  if (!value) fail_absent(arguments);
  if (common.output != output_format::table) {
    return write_object(common, {{"key", at.key_type.to_json(at.key, common.key_as)},
                                 {"value", at.value_type.to_json(*value, common.value_as)}});
  }
  write_bytes(at.value_type.show(*value, common.value_as));
  if (::isatty(STDOUT_FILENO) == 1) write_bytes("\n");
}

void set(const settings& common, const set_arguments& arguments) {
  place at(common, attach_to_write(common, arguments.map), arguments);
  const auto bytes = [&](const std::string& text) {
    return at.value_type.parse(text, common.value_as);
  };
  const std::string value = bytes(arguments.value == "-" ? read_stdin() : arguments.value);
  if (arguments.if_absent) {
    if (!at.map.load_or_store(at.key, value).second) return;
    throw verb_failure(exit_code::conflict, fmt::format("key '{}' exists", arguments.key));
  }
  if (arguments.if_equal) {
    if (at.map.compare_exchange(at.key, bytes(*arguments.if_equal), value)) return;
    throw verb_failure(exit_code::conflict,
                       fmt::format("key '{}' does not have that value", arguments.key));
  }
  at.map.store(at.key, value);
}

void del(const settings& common, const key_arguments& arguments) {
  place at(common, attach_to_write(common, arguments.map), arguments);
  if (!at.map.erase(at.key)) fail_absent(arguments);
}

void incr(const settings& common, const incr_arguments& arguments) {
  place at(common, attach_to_write(common, arguments.map), arguments);
  if (!at.value_type.numeric()) {
    throw verb_failure(exit_code::corrupt,
                       fmt::format("the values of map '{}' are {}: there is nothing to add to",
                                   arguments.map, at.value_type.name()));
  }
  const auto after = at.map.update(at.key, [&](std::optional<std::string_view> before) {
    return std::optional<std::string>(at.value_type.add(before.value_or(""), arguments.by));
  });
  if (common.output != output_format::table) {
    return write_object(common, {{"key", at.key_type.to_json(at.key, common.key_as)},
                                 {"value", at.value_type.to_json(*after, common.value_as)}});
  }
  write_bytes(at.value_type.show(*after, common.value_as) + "\n");
}

template <class Arguments>
struct added_verb {
  CLI::App* verb;
  std::shared_ptr<Arguments> arguments;
};

template <class Arguments>
added_verb<Arguments> add_verb(const verb_table& verbs, const std::string& name,
                               const std::string& help,
                               void (*run)(const settings&, const Arguments&)) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* verb =
      verbs.add(name, help, [&common = verbs.common, run, arguments] { run(common, *arguments); });
  verb->add_option("MAP", arguments->map)->required();
  verb->add_option("KEY", arguments->key)->required();
  return {verb, arguments};
}

void add_set(const verb_table& verbs) {
  const auto [verb, arguments] = add_verb<set_arguments>(verbs, "set", "Store a value", set);
  verb->add_option("VALUE", arguments->value, "the value; - reads it from stdin, to the last byte")
      ->required();
  CLI::Option* absent =
      verb->add_flag("--if-absent", arguments->if_absent, "only if the key is not there (else 8)");
  verb->add_option("--if-equal", arguments->if_equal, "only if this value stands there (else 8)")
      ->excludes(absent);
}

}  // namespace

void add_entry_verbs(const verb_table& verbs) {
  add_verb<key_arguments>(verbs, "get",
                          "Print a value: its exact bytes, and a newline only on a terminal", get);
  add_set(verbs);
  add_verb<key_arguments>(verbs, "del", "Erase a key", del);
  const auto [verb, arguments] = add_verb<incr_arguments>(
      verbs, "incr", "Add to a number in one step; an absent key counts as 0", incr);
  verb->add_option("N", arguments->by, "what to add")->capture_default_str();
}

}  // namespace twinmap::cli
