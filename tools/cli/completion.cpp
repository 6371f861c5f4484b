// completion bash: a script that is made from the command line itself, so that it knows every verb
// and option that there is.
#include <fmt/format.h>
#include <cli/output.hpp>
#include <cli/verbs.hpp>

#include <memory>

namespace twinmap::cli {
namespace {

// What depends on no verb. Maps are found by their files: that asks no program, and needs no
// permission but to list the directory.
constexpr auto script_functions = R"bash(_twinmap_maps() {
  local directory=${1:-${TWINMAP_DIR:-/dev/shm}} file
  for file in "$directory"/twinmap.*; do
    [[ -f $file && $file != *.lock ]] && printf '%s\n' "${file##*/twinmap.}"
  done
}

_twinmap() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local verb= directory= place=0 only_words= i word
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ -z $only_words && $word == -- ]]; then
      only_words=yes
    elif [[ -z $only_words && $word == -* ]]; then
      if [[ " $_twinmap_with_value " == *" $word "* ]]; then
        [[ ${COMP_WORDS[i + 1]} == = ]] && ((i++))
        [[ $word == --dir ]] && directory=${COMP_WORDS[i + 1]/#\~\//$HOME/}
        ((i++))
      fi
    elif [[ -z $verb ]]; then
      verb=$word
    else
      ((place++))
    fi
  done
  if [[ $previous == = ]]; then previous=${COMP_WORDS[COMP_CWORD - 2]}; fi
  if [[ $current == = ]]; then current=; fi
  if [[ -z $only_words ]]; then
    case $previous in
      -o) mapfile -t COMPREPLY < <(compgen -W 'table json jsonl' -- "$current"); return ;;
      --key-as | --value-as) mapfile -t COMPREPLY < <(compgen -W 'text hex b64' -- "$current"); return ;;
      --key) mapfile -t COMPREPLY < <(compgen -W "$_twinmap_key_types" -- "$current"); return ;;
      --value) mapfile -t COMPREPLY < <(compgen -W "$_twinmap_key_types f32 f64" -- "$current"); return ;;
      --group) mapfile -t COMPREPLY < <(compgen -g -- "$current"); return ;;
      --dir) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
      --socket | -f) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    esac
    if [[ " $_twinmap_with_value " == *" $previous "* ]]; then return; fi
    if [[ $current == -* ]]; then
      mapfile -t COMPREPLY < <(compgen -W "$_twinmap_options ${_twinmap_verb_options[${verb:-none}]-}" -- "$current")
      return
    fi
  fi
  if [[ -z $verb ]]; then
    mapfile -t COMPREPLY < <(compgen -W "${!_twinmap_verb_options[*]}" -- "$current")
  elif [[ $place == 0 && -n ${_twinmap_verb_words[$verb]-} ]]; then
    mapfile -t COMPREPLY < <(compgen -W "${_twinmap_verb_words[$verb]-}" -- "$current")
  elif [[ $place == 0 && " $_twinmap_verbs_of_maps " == *" $verb "* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_twinmap_maps "$directory")" -- "$current")
  fi
}

complete -F _twinmap twinmap
)bash";

std::string option_names(const CLI::App& app, bool only_with_value) {
  std::string names;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional() || (only_with_value && option->get_items_expected_max() == 0))
      continue;
    for (const std::string& name : option->get_snames())
      names += " -" + name;
    for (const std::string& name : option->get_lnames())
      names += " --" + name;
  }
  return names;
}

bool takes_map(const CLI::App& verb) {
  return verb.get_option_no_throw("MAP") != nullptr && verb.get_name() != "create";
}

/// Words that the first argument may be, written in its help as a|b|c.
std::string words_of(const CLI::App& verb) {
  for (const CLI::Option* option : verb.get_options()) {
    std::string words = option->get_option_text();
    if (!option->get_positional() || words.empty()) continue;
    for (char& each : words)
      if (each == '|') each = ' ';
    return words;
  }
  return {};
}

std::string without_first_space(const std::string& text) {
  return text.empty() ? text : text.substr(1);
}

void write_bash(const CLI::App& app) {
  std::string with_value = option_names(app, true);
  std::string of_maps;
  std::string verb_options;
  std::string verb_words;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    with_value += option_names(*verb, true);
    if (takes_map(*verb)) of_maps += " " + verb->get_name();
    verb_options += fmt::format("  [{}]='{}'\n", verb->get_name(),
                                without_first_space(option_names(*verb, false)));
    if (const std::string words = words_of(*verb); !words.empty())
      verb_words += fmt::format("  [{}]='{}'\n", verb->get_name(), words);
  }
  write_bytes("# bash completion for twinmap: source <(twinmap completion bash)\n");
  write_bytes(
      fmt::format("_twinmap_options='{}'\n", without_first_space(option_names(app, false))));
  write_bytes(fmt::format("_twinmap_with_value='{}'\n", without_first_space(with_value)));
  write_bytes(fmt::format("_twinmap_verbs_of_maps='{}'\n", without_first_space(of_maps)));
  write_bytes("_twinmap_key_types='u8 u16 u32 u64 i8 i16 i32 i64 bool string bytes'\n");
  write_bytes(fmt::format("declare -gA _twinmap_verb_options=(\n{})\n", verb_options));
  write_bytes(fmt::format("declare -gA _twinmap_verb_words=(\n{})\n\n", verb_words));
  write_bytes(script_functions);
}

}  // namespace

void add_completion_verb(const verb_table& verbs) {
  const auto shell = std::make_shared<std::string>();
  CLI::App* verb = verbs.add("completion", "Print a script that completes verbs, options and maps",
                             [&app = verbs.app] { write_bash(app); });
  verb->add_option("SHELL", *shell, "which shell's")
      ->required()
      ->check(CLI::IsMember({"bash"}))
      ->option_text("bash");
}

}  // namespace twinmap::cli
