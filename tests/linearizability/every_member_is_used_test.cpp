// The list of members against the headers: a member that a map gains is to be put into the list of
// those that the histories use, or into the one below with the reason why it has no place there.

#include <gtest/gtest.h>

#include "operation.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

namespace linearizability {
namespace {

// They concern the handle (`operator bool` too), its name or the map's statistics, and no key.
// `size` and `empty` are exact when nothing runs only, and are held to that at the end of each
// history.
const std::set<std::string> not_about_a_key{"close",   "size",    "empty",   "stats",     "info",
                                            "options", "name",    "created", "read_only", "retired",
                                            "remove",  "any_map", "bool"};

std::string without_comments(const std::string& path) {
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return std::regex_replace(text, std::regex("//[^\n]*|\"[^\"\n]*\""), "");
}

// What stands between the braces of the class, less what stands between braces in there.
std::string declarations_of(const std::string& path, const std::string& name) {
  const std::string text = without_comments(path);
  std::smatch head;
  if (!std::regex_search(text, head, std::regex("class [A-Z_ ]*" + name + "\\b[^;{]*\\{")))
    return {};
  std::string result;
  int depth = 1;
  for (auto at = head.suffix().first; at != text.end() && depth != 0; ++at) {
    if (*at == '{' && depth++ == 1) result += ";";
    if (depth == 1) result += *at;
    if (*at == '}' && --depth == 1) result += ";";
  }
  return result;
}

std::set<std::string> public_members(const std::string& path, const std::string& name) {
  std::string text = declarations_of(path, name);
  std::set<std::string> names;
  for (auto at = text.find("public:"); at != std::string::npos; at = text.find("public:")) {
    text = text.substr(at + 7);
    const std::string part =
        text.substr(0, std::min(text.find("protected:"), text.find("private:")));
    static const std::regex first_call(
        "[;}\\n]\\s*(?:\\[\\[[^\\]]*\\]\\]\\s*)?(?:[\\w:<>,&*]+\\s+)+&?(\\w+)\\s*\\(");
    for (std::sregex_iterator one(part.begin(), part.end(), first_call), end; one != end; ++one)
      names.insert((*one)[1]);
  }
  return names;
}

std::set<std::string> used_or_explained() {
  std::set<std::string> names = not_about_a_key;
  names.insert(member_names.begin(), member_names.end());
  return names;
}

const std::string headers = TWINMAP_TEST_DATA "/../../lib/twinmap/";

TEST(Members, OfTheHeadersAreUsedOrExplained) {
  std::set<std::string> found = public_members(headers + "map.hpp", "basic_map");
  EXPECT_GE(found.size(), members - 1);
  found.merge(public_members(headers + "any_map.hpp", "any_map"));
  const std::set<std::string> known = used_or_explained();
  for (const std::string& name : found)
    EXPECT_TRUE(known.count(name)) << name << " is in neither list";
  for (const char* name : member_names)
    EXPECT_TRUE(found.count(name)) << name << " is not found in the headers";
}

}  // namespace
}  // namespace linearizability
