// The table of scenarios is held against the headers: a mutator that is added there and not here is
// a hole.

#include <gtest/gtest.h>
#include <step/scenario.hpp>

#include <algorithm>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace step_tests {
namespace {

using names = std::set<std::string>;

// Without comments.
std::string header(const std::string& name) {
  std::ifstream file(std::string(TWINMAP_TEST_DATA) + "/../../lib/twinmap/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return std::regex_replace(text.str(), std::regex("//[^\n]*"), "");
}

// Member functions of a class that are public and not const; clang-format indents them by two.
names mutators_of_class(const std::string& file, const std::string& name) {
  const std::string text = header(file);
  const std::size_t begin = text.find("class " + name + " ");
  const std::size_t declared =
      begin == std::string::npos ? text.find("class TWINMAP_EXPORT " + name + " ") : begin;
  EXPECT_NE(declared, std::string::npos) << name;
  const std::size_t open = text.find("public:", declared);
  const std::size_t end = std::min(
      {text.find("\n protected:", open), text.find("\n private:", open), text.find("\n};", open)});
  const std::string body = text.substr(open, end - open);
  names found;
  const std::regex member(R"(\n  (?![ }])[^;{()]*?\b(\w+)\(([^;{]*))");
  for (auto each = std::sregex_iterator(body.begin(), body.end(), member);
       each != std::sregex_iterator(); ++each) {
    const std::string whole = each->str(0);
    const bool constant = std::regex_search(whole, std::regex(R"(\)\s*const\b)"));
    const bool special = whole.find("operator") != std::string::npos ||
                         whole.find("static_assert") != std::string::npos ||
                         whole.find("= default") != std::string::npos ||
                         whole.find("= delete") != std::string::npos ||
                         whole.find('~') != std::string::npos || each->str(1) == name;
    if (!constant && !special) found.insert(each->str(1));
  }
  return found;
}

// Functions and constructors that take a map they may change.
names takers_of_a_map(const std::string& file) {
  const std::string text = header(file);
  names found;
  const std::regex taker(R"(\b(\w+)\(any_map& )");
  for (auto each = std::sregex_iterator(text.begin(), text.end(), taker);
       each != std::sregex_iterator(); ++each)
    found.insert(each->str(1));
  return found;
}

names tags() {
  const std::string text = header("any_map.hpp");
  names found;
  const std::regex tag(R"(using boost::interprocess::(\w+);)");
  for (auto each = std::sregex_iterator(text.begin(), text.end(), tag);
       each != std::sregex_iterator(); ++each)
    if (!each->str(1).ends_with("_t")) found.insert(each->str(1));
  return found;
}

names stepped() {
  names found;
  for (const scenario& each : mutations())
    found.insert(each.run.member);
  return found;
}

void expect_stepped(const names& wanted, std::size_t at_least) {
  EXPECT_GE(wanted.size(), at_least) << "the header is not understood";
  const names have = stepped();
  for (const std::string& member : wanted)
    EXPECT_TRUE(have.contains(member)) << member << " is in no scenario";
}

TEST(EveryMutatingMemberIsStepped, OfMap) {
  const names found = mutators_of_class("map.hpp", "basic_map");
  EXPECT_TRUE(found.contains("store") && found.contains("update"));
  EXPECT_FALSE(found.contains("load") || found.contains("for_each"));
  expect_stepped(found, 9);
}

TEST(EveryMutatingMemberIsStepped, OfAnyMap) {
  const names found = mutators_of_class("any_map.hpp", "any_map");
  EXPECT_TRUE(found.contains("clear") && found.contains("remove") && found.contains("close"));
  expect_stepped(found, 3);
}

TEST(EveryMutatingMemberIsStepped, OfEachWayToAttach) {
  expect_stepped(tags(), 4);
}

TEST(EveryMutatingMemberIsStepped, OfCare) {
  names found = takers_of_a_map("admin.hpp");
  found.merge(takers_of_a_map("heap_care.hpp"));
  found.merge(takers_of_a_map("caretaker.hpp"));
  found.merge(mutators_of_class("heap_care.hpp", "heap_keeper"));
  found.merge(mutators_of_class("caretaker.hpp", "caretaker"));
  expect_stepped(found, 11);
}

}  // namespace
}  // namespace step_tests
