// All verbs but create, rm, set, del, incr, restore, promote and sweep attach read-only: group read
// permission is enough, and not a byte of the segment changes.
#include <sys/stat.h>
#include <unistd.h>
#include <support/privilege.hpp>
#include <support/sandbox.hpp>
#include <tools/tool.hpp>

#include <fstream>
#include <iterator>

namespace tools_test {
namespace {

class reading_verbs : public tool {
 protected:
  static constexpr gid_t group = 54321;
  static constexpr uid_t nobody = 65534;

  const std::vector<words> reading{{"get", "m", "k"}, {"info", "m"},        {"stat", "m"},
                                   {"slots", "m"},    {"check", "m"},       {"ls"},
                                   {"scan", "m"},     {"dump", "m"},        {"writers", "m"},
                                   {"doctor"},        {"top", "-i", "0.05"}};
  const std::vector<words> writing{{"set", "m", "k", "w"},
                                   {"set", "m", "new", "w"},
                                   {"del", "m", "k"},
                                   {"sweep", "m"},
                                   {"promote", "m"},
                                   {"restore", "m"},
                                   {"rm", "m"},
                                   {"create", "n", "--key", "u64", "--value", "u64"}};

  void make_map() const {
    must({"create", "m", "--key", "string", "--value", "string", "--max-bytes", "1M", "--mode",
          "0640", "--group", std::to_string(group)});
    must({"set", "m", "k", "a value longer than eight bytes"});
  }

  std::string segment_bytes() const {
    std::ifstream in(segment("m"), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
};

TEST_F(reading_verbs, LeaveEveryByteAsItWas) {
  TWINMAP_REQUIRE_PRIVILEGE(change_user);  // --group takes root
  make_map();
  const std::string before = segment_bytes();
  for (const words& verb : reading)
    EXPECT_EQ(run(verb).exit, 0) << verb[0];
  EXPECT_TRUE(segment_bytes() == before);
  must({"set", "m", "k", "w"});
  EXPECT_FALSE(segment_bytes() == before) << "this comparison sees a write";
}

TEST_F(reading_verbs, NeedNoMoreThanGroupRead) {
  TWINMAP_REQUIRE_PRIVILEGE(change_user);
  make_map();
  ASSERT_EQ(::chmod(directory().c_str(), 0755), 0);
  const auto may_run = [] { return ::access(TWINMAP_CLI, X_OK) == 0 ? 0 : 1; };
  if (!(test_support::as_user(nobody, nobody, {group}, may_run).wait() == 0))
    GTEST_SKIP() << TWINMAP_CLI << " lies where another user cannot run it";
  const auto as = [](std::vector<gid_t> groups, const std::function<void()>& body) {
    EXPECT_EQ(test_support::as_user(nobody, nobody, groups, body).wait(), 0);
  };
  as({group}, [this] {
    for (const words& verb : reading) {
      const command_result result = run(verb);
      EXPECT_EQ(result.exit, 0) << verb[0] << ": " << result.err;
    }
    for (const words& verb : writing)
      EXPECT_EQ(run(verb).exit, 5) << verb[0];
  });
  as({}, [this] { EXPECT_EQ(run({"get", "m", "k"}).exit, 5); });
}

}  // namespace
}  // namespace tools_test
