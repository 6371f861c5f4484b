// The control socket: what it answers, to whom, and that nobody keeps it from answering the next.
#include <fmt/format.h>
#include <grp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <support/command.hpp>
#include <support/privilege.hpp>
#include <support/sandbox.hpp>
#include <support/shared_page.hpp>
#include <twinmap/map.hpp>

#include <filesystem>
#include <fstream>
#include <regex>

#include "running_daemon.hpp"

namespace daemon_test {
namespace {

constexpr gid_t readers = 54321;
constexpr uid_t somebody = 54322;

class the_socket : public ::testing::Test {
 protected:
  static std::string reading_group() {
    return "socket_mode = \"0666\"\nsocket_group = " + std::to_string(readers) + "\n";
  }
  twinmap::options here() const { return {.max_bytes = 4 << 20, .directory = place_.maps()}; }

  place place_;
};

TEST_F(the_socket, MakesShowsCaresForAndRemovesMaps) {
  const running_daemon daemon(place_);
  const answer made =
      daemon.ask("POST", "/v1/maps",
                 R"({"name":"m","key":"string","value":"u64","max_bytes":"4MiB","mode":"0640"})");
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_NE(made.head.find("Location: /v1/maps/m\r\n"), std::string::npos);
  twinmap::map<std::string, std::uint64_t> map(twinmap::open_only, "m", here());
  map.store("k", 1);
  const json shown = daemon.map("m");
  EXPECT_EQ(shown.at("key_type"), "string");
  EXPECT_EQ(shown.at("mode"), "0640");
  EXPECT_EQ(shown.at("stats").at("inserts"), 1);
  EXPECT_EQ(daemon.get("/v1/maps").at("maps").size(), 1u);
  EXPECT_EQ(daemon.ask("POST", "/v1/maps/m/promote").status, 200);
  EXPECT_TRUE(daemon.ask("POST", "/v1/maps/m/sweep").parsed().contains("blocks_freed"));
  const json checked = daemon.ask("POST", "/v1/maps/m/check").parsed();
  EXPECT_EQ(checked.at("live"), 1);
  EXPECT_TRUE(checked.at("findings").empty());
  const answer head = daemon.ask("HEAD", "/v1/maps");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(daemon.ask("DELETE", "/v1/maps/m").status, 200);
  EXPECT_TRUE(map.retired());
}

TEST_F(the_socket, SaysWhatIsWrongWithARequest) {
  const running_daemon daemon(place_);
  const auto refuses = [&](const char* method, const char* path, const std::string& body,
                           int status, const char* code) {
    const answer refused = daemon.ask(method, path, body);
    EXPECT_EQ(refused.status, status) << method << path << body << refused.body;
    EXPECT_EQ(refused.code(), code) << refused.body;
  };
  refuses("GET", "/v1/maps/none", "", 404, "not_found");
  refuses("DELETE", "/v1/maps/none", "", 404, "not_found");
  refuses("POST", "/v1/maps/none/check", "", 404, "not_found");
  refuses("GET", "/nothing", "", 404, "not_found");
  refuses("POST", "/v1/maps/m/explode", "", 404, "not_found");
  refuses("PUT", "/v1/maps", "", 405, "method_not_allowed");
  refuses("POST", "/metrics", "", 405, "method_not_allowed");
  refuses("GET", "/v1/reload", "", 405, "method_not_allowed");
  refuses("POST", "/v1/maps", "{", 400, "bad_request");
  refuses("POST", "/v1/maps", "[]", 400, "bad_request");
  refuses("POST", "/v1/maps", std::string(60000, '['), 400, "bad_request");
  refuses("POST", "/v1/maps", R"({"name":"m","key":"u64"})", 400, "bad_request");
  refuses("POST", "/v1/maps", R"({"name":"m","key":"u64","value":"u64","colour":1})", 400,
          "bad_request");
  refuses("DELETE", "/v1/maps/a..%2F", "", 400, "invalid_name");
  const std::string m = R"({"name":"m","key":"u64","value":"u64","max_bytes":4194304})";
  EXPECT_EQ(daemon.ask("POST", "/v1/maps", m).status, 201);
  refuses("POST", "/v1/maps", m, 409, "already_exists");
}

TEST_F(the_socket, LetsTheGroupReadAndNobodyElse) {
  TWINMAP_REQUIRE_PRIVILEGE(change_user);
  std::filesystem::permissions(std::filesystem::path(place_.socket()).parent_path(),
                               std::filesystem::perms(0755));
  place_.configure(reading_group());
  const running_daemon daemon(place_);
  const auto statuses_as = [&](gid_t group, const std::vector<gid_t>& groups) {
    const test_support::shared_page<std::array<int, 3>> got;
    auto as = test_support::as_user(somebody, group, groups, [&] {
      (*got)[0] = ask(place_.socket(), "GET", "/v1/maps").status;
      (*got)[1] = ask(place_.socket(), "POST", "/v1/reload").status;
      (*got)[2] = ask(place_.socket(), "DELETE", "/v1/maps/m").status;
    });
    EXPECT_EQ(as.wait(), 0);
    return *got;
  };
  EXPECT_EQ(statuses_as(readers, {readers}), (std::array{200, 403, 403}));
  EXPECT_EQ(statuses_as(somebody, {somebody, readers}), (std::array{200, 403, 403}));
  EXPECT_EQ(statuses_as(somebody, {somebody}), (std::array{403, 403, 403}));
}

TEST_F(the_socket, IsRefusedByTheFileSystemOutsideTheGroup) {
  TWINMAP_REQUIRE_PRIVILEGE(change_user);
  std::filesystem::permissions(std::filesystem::path(place_.socket()).parent_path(),
                               std::filesystem::perms(0755));
  const running_daemon daemon(place_);
  struct stat facts {};
  ASSERT_EQ(::stat(place_.socket().c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0660u);
  auto as = test_support::as_user(somebody, somebody, {somebody}, [&] {
    return connection(place_.socket()).error() == EACCES ? 0 : 1;
  });
  EXPECT_EQ(as.wait(), 0);
}

TEST_F(the_socket, RefusesWhatIsMalformedOversizedOrSlow) {
  running_daemon daemon(place_);
  const auto raw = [&](const std::string& bytes) {
    const connection to(place_.socket());
    to.send(bytes);
    return to.receive(std::chrono::seconds(8)).status;
  };
  EXPECT_EQ(raw("nonsense\r\n\r\n"), 400);
  EXPECT_EQ(raw(std::string("\0\1\2\3\r\n\r\n", 8)), 400);
  EXPECT_EQ(raw("GET /healthz HTTP/1.1\r\nContent-Length: x\r\n\r\n"), 400);
  EXPECT_EQ(raw("GET / HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n\r\n"), 431);
  EXPECT_EQ(raw("POST /v1/maps HTTP/1.1\r\nContent-Length: 65537\r\n\r\n"), 413);
  EXPECT_EQ(
      raw("POST /v1/maps HTTP/1.1\r\nContent-Length: 3000000\r\n\r\n" + std::string(3000000, 'x')),
      413);
  EXPECT_EQ(raw("POST /v1/maps HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n" +
                std::string(0x20000, 'x')),
            413);
  const connection slow(place_.socket());  // one byte now and then: 5 s are all it gets
  const auto start = std::chrono::steady_clock::now();
  std::string header = "GET /healthz HTTP/1.1\r\nX: ";
  answer cut;
  while (cut.status == 0 && std::chrono::steady_clock::now() - start < std::chrono::seconds(10)) {
    slow.send(header.substr(0, 1));
    header = header.size() > 1 ? header.substr(1) : "x";
    cut = slow.receive(milliseconds(200));
  }
  EXPECT_EQ(cut.status, 408);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(7));
  EXPECT_EQ(daemon.ask("GET", "/healthz").status, 200);
}

TEST_F(the_socket, AnswersSeveralRequestsOnOneConnection) {
  const running_daemon daemon(place_);
  const connection to(place_.socket());
  for (int i = 0; i != 3; ++i) {
    to.send("GET /healthz HTTP/1.1\r\n\r\n");
    EXPECT_EQ(to.receive().status, 200);
  }
  to.send("GET /v1/maps HTTP/1.1\r\n\r\nGET /nix HTTP/1.1\r\nConnection: close\r\n\r\n");
  std::string both;
  EXPECT_EQ(to.receive().status, 200);
}

TEST_F(the_socket, StaysReadyWithAThousandConnections) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  running_daemon daemon(place_);
  std::vector<connection> idle;
  for (int i = 0; i != 1000; ++i) {
    idle.emplace_back(place_.socket());
    ASSERT_TRUE(idle.back().open()) << i;
    if (i % 2 == 0) idle.back().send("GET /healthz HTTP/1.1\r\nX: ");  // and never the rest
  }
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(daemon.ask("GET", "/healthz").status, 200);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
  EXPECT_LT(daemon.resident_bytes(), 64u << 20);
  // A thousand that each ask: everybody gets an answer.
  idle.clear();
  for (int i = 0; i != 1000; ++i) {
    idle.emplace_back(place_.socket());
    ASSERT_TRUE(idle.back().send("GET /v1/maps HTTP/1.1\r\n\r\n"));
  }
  int answered = 0;
  for (const connection& each : idle) {
    const int status = each.receive().status;
    if (status == 200 || status == 503) ++answered;
  }
  EXPECT_EQ(answered, 1000);
  EXPECT_LT(daemon.resident_bytes(), 64u << 20);
  EXPECT_EQ(daemon.ask("GET", "/healthz").status, 200);
}

TEST_F(the_socket, ShowsMetricsThatPrometheusAccepts) {
  const running_daemon daemon(place_);
  twinmap::map<std::string, std::uint64_t> map(twinmap::create_only, "m", here());
  map.store("a secret key", 1);
  ASSERT_TRUE(daemon.cares_for("m"));
  const answer metrics = daemon.ask("GET", "/metrics");
  EXPECT_NE(metrics.head.find("text/plain; version=0.0.4"), std::string::npos);
  EXPECT_NE(metrics.body.find("twinmap_inserts_total{map=\"m\"} 1\n"), std::string::npos);
  EXPECT_NE(
      metrics.body.find("twinmap_map_info{map=\"m\",key_type=\"string\",value_type=\"u64\"} 1"),
      std::string::npos);
  EXPECT_EQ(metrics.body.find("secret"), std::string::npos);
  const bool there = test_support::run_command({"sh", "-c", "command -v promtool"}).exit == 0;
  TWINMAP_SKIP_UNLESS_EMPTY(there ? "" : "promtool is not installed (package prometheus)");
  const auto lint =
      test_support::run_command({"promtool", "check", "metrics"}, {.input = metrics.body});
  EXPECT_EQ(lint.exit, 0) << lint.out << lint.err;
  EXPECT_EQ(lint.out + lint.err, "");
}

TEST_F(the_socket, ReplacesAFileThatNobodyListensOnAndNoOther) {
  {
    running_daemon killed(place_);
    killed.kill();
  }
  EXPECT_TRUE(std::filesystem::exists(place_.socket()));
  running_daemon daemon(place_);
  EXPECT_EQ(daemon.ask("GET", "/healthz").status, 200);
  const auto second = test_support::run_command({TWINMAPD, "--config", place_.config()});
  EXPECT_EQ(second.exit, 1);
  EXPECT_NE(second.err.find("another process listens on"), std::string::npos) << second.err;
  EXPECT_EQ(daemon.ask("GET", "/healthz").status, 200);
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_FALSE(std::filesystem::exists(place_.socket()));
  std::ofstream(place_.socket()) << "no socket";
  EXPECT_EQ(test_support::run_command({TWINMAPD, "--config", place_.config()}).exit, 1);
  EXPECT_EQ(std::filesystem::file_size(place_.socket()), 9u);
}

}  // namespace
}  // namespace daemon_test
