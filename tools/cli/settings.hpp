// What the global options say, for every verb.
#pragma once

#include <cli/typed_text.hpp>

#include <string>

namespace twinmap::cli {

enum class output_format { table, document, lines };  ///< -o table, json, jsonl

struct settings {
  std::string directory;                             ///< empty: the library's own rule
  std::string socket = "/run/twinmap/control.sock";  ///< of the daemon
  output_format output = output_format::table;
  bool no_headers = false;
  bool quiet = false;
  text_form key_as = text_form::by_type;
  text_form value_as = text_form::by_type;
};

}  // namespace twinmap::cli
