#include "report.hpp"

#include <support/privilege.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
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
            std::uint64_t instructions, std::size_t images, int failures) {
  std::ostringstream line;
  line << what << '\t' << member << '\t' << path << '\t' << compiler << '\t' << instructions << '\t'
       << images << '\t' << failures << '\n';
  std::fputs(line.str().c_str(), stdout);
  if (const char* file = std::getenv("TWINMAP_STEP_REPORT"); file != nullptr)
    std::ofstream(file, std::ios::app) << line.str();
}

std::vector<std::size_t> sampled(std::size_t count, std::size_t most) {
  if (test_support::long_form()) most = count;
  most = std::min(most, count);
  std::vector<std::size_t> some;
  for (std::size_t i = 0; i != most; ++i)
    some.push_back(most == 1 ? 0 : i * (count - 1) / (most - 1));
  return some;
}

}  // namespace step_tests
