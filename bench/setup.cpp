#include "setup.hpp"

#include <stdlib.h>

#include <cerrno>
#include <charconv>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace bench {
namespace {

template <class Number>
std::vector<Number> parse_list(std::string_view text) {
  std::vector<Number> numbers;
  while (!text.empty()) {
    Number number{};
    const char* const end = text.data() + text.size();
    const auto [rest, problem] = std::from_chars(text.data(), end, number);
    if (problem != std::errc{} || number < 1 || (rest != end && *rest != ',')) {
      throw std::invalid_argument("not a list of positive numbers: " + std::string(text));
    }
    numbers.push_back(number);
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
    if (!text.empty()) text.remove_prefix(1);
  }
  return numbers;
}

/// Applies one argument; false if it is not ours.
bool take(std::string_view argument, settings& chosen) {
  const auto value_after = [&](std::string_view option, std::string_view& value) {
    if (!argument.starts_with(option)) return false;
    value = argument.substr(option.size());
    return true;
  };
  std::string_view value;
  if (value_after("--sizes=", value)) {
    chosen.sizes = parse_list<std::size_t>(value);
    chosen.sizes_given = true;
  } else if (value_after("--workers=", value)) {
    chosen.workers = parse_list<int>(value);
  } else if (value_after("--directory=", value)) {
    chosen.directory = value;
  } else if (argument == "--no-inserts") {
    chosen.inserts = false;
  } else if (argument == "--quick") {
    chosen.quick = true;
  } else if (argument == "--smoke") {
    chosen.smoke = true;
  } else {
    return false;
  }
  return true;
}

}  // namespace

scratch_directory::scratch_directory(const std::filesystem::path& parent) {
  std::string pattern = (parent / "twinmap-bench.XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) {
    throw std::system_error(errno, std::system_category(), "cannot create " + pattern);
  }
  path_ = pattern;
}

scratch_directory::~scratch_directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string scratch_directory::unique_name() const {
  return path_.parent_path().filename().string() + "-" + path_.filename().string();
}

settings take_settings(int& argc, char** argv) {
  settings chosen;
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    if (!take(argv[i], chosen)) argv[kept++] = argv[i];
  }
  argc = kept;
  argv[argc] = nullptr;
  return chosen;
}

}  // namespace bench
