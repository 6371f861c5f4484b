// What the drawing of sync.Map shows, read off a live map: read, dirty, both, and each entry's
// state.
#include <tools/tool.hpp>
#include <twinmap/admin.hpp>
#include <twinmap/map.hpp>

#include <map>

namespace tools_test {
namespace {

class slots_verb : public tool {
 protected:
  using map_type = twinmap::map<std::string, std::string>;

  // "IN STATE" by key.
  std::map<std::string, std::string> seen() const {
    std::map<std::string, std::string> result;
    for (const json& slot : parsed({"slots", "m"})) {
      if (!slot["key"].is_null())
        result[slot["key"]] = std::string(slot["place"]) + " " + std::string(slot["state"]);
    }
    return result;
  }
};

TEST_F(slots_verb, FollowsAKeyThroughTheTwoMaps) {
  map_type map(twinmap::create_only, "m", {.directory = directory()});
  map.store("short", "s");
  map.store("long", "longer than eight bytes");
  using places = std::map<std::string, std::string>;
  EXPECT_EQ(seen(), (places{{"short", "dirty live_inline"}, {"long", "dirty live_block"}}));

  ASSERT_TRUE(twinmap::promote(map));
  EXPECT_EQ(seen(), (places{{"short", "read live_inline"}, {"long", "read live_block"}}));

  map.store("new", "n");
  map.erase("long");
  EXPECT_EQ(
      seen(),
      (places{{"short", "both live_inline"}, {"long", "both nil"}, {"new", "dirty live_inline"}}));
}

TEST_F(slots_verb, ShowsValuesAsWhatTheyAre) {
  must({"create", "m", "--key", "i16", "--value", "f64"});
  must({"set", "m", "-7", "2.5"});
  const json slots = parsed({"slots", "m"});
  ASSERT_EQ(slots.size(), 1u);
  EXPECT_EQ(slots[0]["key"], -7);
  EXPECT_EQ(slots[0]["value"], 2.5);
  const std::string table = output({"slots", "m"});
  EXPECT_EQ(table.rfind("SLOT", 0), 0u) << table;
  EXPECT_NE(table.find("live_inline  dirty"), std::string::npos) << table;
}

}  // namespace
}  // namespace tools_test
