// Runs a program as a user would and hands back everything it said.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace test_support {

struct command_result {
  int exit = -1;  // exit code, or 128 + signal as a shell reports it
  std::string out;
  std::string err;
  bool timed_out = false;
};

struct command_options {
  std::string input = {};                     // what the program reads on stdin
  std::vector<std::string> environment = {};  // "NAME=value", added to this process's own
  std::chrono::milliseconds limit = std::chrono::minutes(2);
};

// argv[0] is looked up in PATH if it holds no slash. Throws if the program could not be started.
command_result run_command(const std::vector<std::string>& argv,
                           const command_options& options = {});

}  // namespace test_support
