// What the tool's exit codes mean, and which error leads to which.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>

namespace twinmap::cli {

enum class exit_code {
  ok = 0,
  failure = 1,
  usage = 2,
  not_found = 3,           ///< the map or the key
  daemon_unreachable = 4,  ///< only verbs that need the daemon
  permission = 5,
  corrupt = 6,   ///< or incompatible: the map cannot be used as what it was asked to be
  timeout = 7,   ///< the map's mutex was held by somebody else for too long
  conflict = 8,  ///< it exists already, or the condition did not hold
  full = 9,
};

/// The command line, or an argument of it, does not say what it should.
class usage_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An outcome that is not an error of the library but ends the verb with a code and a message.
class verb_failure : public std::runtime_error {
 public:
  verb_failure(exit_code code, const std::string& text) : std::runtime_error(text), code_(code) {}
  exit_code code() const noexcept { return code_; }

 private:
  exit_code code_;
};

exit_code exit_code_of(const std::exception& failure) noexcept;

}  // namespace twinmap::cli
