#include "report.hpp"

#include <support/privilege.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>

namespace step_tests {
namespace {

#if defined(__clang__)
constexpr const char* compiler = "clang " __clang_version__;
#else
constexpr const char* compiler = "g++ " __VERSION__;
#endif

}  // namespace

void report(const std::string& what, const std::string& member, const std::string& path,
            const figures_of_a_run& figures) {
  std::ostringstream line;
  line << what << '\t' << member << '\t' << path << '\t' << compiler << '\t' << figures.instructions
       << '\t' << figures.images << '\t' << figures.places << '\t' << figures.stops << '\t'
       << figures.failures << '\n';
  std::fputs(line.str().c_str(), stdout);
  if (const char* file = std::getenv("TWINMAP_STEP_REPORT"); file != nullptr)
    std::ofstream(file, std::ios::app) << line.str();
}

namespace {

std::vector<std::size_t> spread(std::size_t count, std::size_t most) {
  most = std::min(most, count);
  std::vector<std::size_t> some;
  for (std::size_t i = 0; i != most; ++i)
    some.push_back(most == 1 ? 0 : i * (count - 1) / (most - 1));
  return some;
}

// Nothing: the usual form or the long one.
std::optional<std::size_t> most_wanted() {
  const char* wanted = std::getenv("TWINMAP_STEP_MOST");
  if (wanted == nullptr) return std::nullopt;
  const std::size_t number = std::strtoull(wanted, nullptr, 10);
  return number == 0 ? ~std::size_t{0} : number;
}

}  // namespace

std::vector<std::size_t> sampled(std::size_t count, std::size_t most) {
  return spread(count, most_wanted().value_or(test_support::rounds(most, 4 * most)));
}

std::vector<std::size_t> some_scenarios(std::size_t count, std::size_t most) {
  return spread(count, most_wanted() ? count : test_support::rounds(most, count));
}

}  // namespace step_tests
