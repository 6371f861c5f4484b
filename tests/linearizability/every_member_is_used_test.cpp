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

std::string contents_of(const std::string& header) {
  std::ifstream file(TWINMAP_TEST_DATA "/../../lib/twinmap/" + header);
  return {std::istreambuf_iterator<char>(file), {}};
}

// What stands between the braces of the class, less comments and what stands between braces in
// there.
std::string declarations_of(const std::string& name, const std::string& header) {
  const std::string text = std::regex_replace(header, std::regex(R"(//[^\n]*|"[^"\n]*")"), "");
  std::smatch head;
  if (!std::regex_search(text, head, std::regex("class [A-Z_ ]*" + name + R"(\b[^;{]*\{)")))
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

std::set<std::string> public_members(const std::string& name, const std::string& header) {
  std::string text = declarations_of(name, header);
  std::set<std::string> names;
  for (auto at = text.find("public:"); at != std::string::npos; at = text.find("public:")) {
    text = text.substr(at + 7);
    const std::string part =
        text.substr(0, std::min(text.find("protected:"), text.find("private:")));
    // Perhaps an attribute, at least one word of a type, the name.
    static const std::regex declared(
        R"([;}\n]\s*(?:\[\[[^\]]*\]\]\s*)?(?:[\w:<>,&*]+\s+)+&?(\w+)\s*\()");
    for (std::sregex_iterator one(part.begin(), part.end(), declared), end; one != end; ++one)
      names.insert((*one)[1]);
  }
  return names;
}

std::set<std::string> used_or_explained() {
  std::set<std::string> names = not_about_a_key;
  names.insert(member_names.begin(), member_names.end());
  return names;
}

TEST(Members, OfTheHeadersAreUsedOrExplained) {
  std::set<std::string> found = public_members("basic_map", contents_of("map.hpp"));
  found.merge(public_members("any_map", contents_of("any_map.hpp")));
  const std::set<std::string> known = used_or_explained();
  for (const std::string& name : found)
    EXPECT_TRUE(known.count(name)) << name << " is in neither list";
  for (const char* name : member_names)
    EXPECT_TRUE(found.count(name)) << name << " is not found in the headers";
}

// Wherever a new one is put, and however it is declared.
TEST(Members, AreSeenWhenTheyAreNew) {
  const std::string added[] = {
      "  std::optional<T> gained(const lookup_key& key) const;\n",
      "  [[gnu::always_inline]] bool gained(const lookup_key& key) { return key == 0; }\n",
      "  template <class F>\n  void gained(const lookup_key& key, F&& f);\n",
      "  std::pair<T, bool> gained(const lookup_key& key,\n                            T "
      "value);\n"};
  const std::string header = contents_of("map.hpp");
  for (const char* before : {"  /// Looks many keys up", "  /// The key's value and true",
                             "  template <class F>\n  std::optional<T> update", " protected:\n"})
    for (const std::string& member : added) {
      std::string grown = header;
      const auto at = grown.find(before);
      ASSERT_NE(at, std::string::npos) << before;
      grown.insert(at, member);
      EXPECT_TRUE(public_members("basic_map", grown).count("gained")) << before << member;
    }
}

}  // namespace
}  // namespace linearizability
