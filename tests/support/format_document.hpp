// The examples of lib/FORMAT.md, for the tests that hold the format to them.
#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace test_support {

/// The bytes of the example with this name, as the document writes them.
inline std::vector<unsigned> documented(const std::string& document, const std::string& name) {
  std::ifstream file(document);
  std::stringstream text;
  text << file.rdbuf();
  const std::string all = text.str();
  const std::string fence = "```hex " + name + "\n";
  const auto start = all.find(fence);
  if (start == std::string::npos) return {};
  const auto end = all.find("```", start + fence.size());
  std::istringstream hex(all.substr(start + fence.size(), end - start - fence.size()));
  std::vector<unsigned> bytes;
  for (unsigned byte = 0; hex >> std::hex >> byte;)
    bytes.push_back(byte);
  return bytes;
}

}  // namespace test_support
