// The daemon makes what is configured, finds what others make, and keeps up with names that are
// removed or replaced.
#include <sys/stat.h>
#include <unistd.h>
#include <support/privilege.hpp>
#include <twinmap/map.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "running_daemon.hpp"
#include "support/shared_page.hpp"

namespace daemon_test {
namespace {

using test_support::eventually;
using numbers = twinmap::map<std::uint64_t, std::uint64_t>;

class maps_of_a_directory : public ::testing::Test {
 protected:
  static std::string configured(const std::string& name, const std::string& more = {}) {
    return "[[map]]\nname = \"" + name +
           "\"\nkey = \"u64\"\nvalue = \"u64\"\nmax_bytes = \"16MiB\"\n" + more;
  }
  twinmap::options here() const { return {.max_bytes = 16 << 20, .directory = place_.maps()}; }

  place place_;
};

TEST_F(maps_of_a_directory, AreMadeAsConfiguredBeforeReady) {
  place_.configure(configured("a", "mode = \"0640\"\nmax_writers = 7\n"));
  const running_daemon daemon(place_);
  const numbers map(twinmap::open_only, "a", here());  // at once: READY says so
  EXPECT_EQ(map.info().mode, 0640u);
  EXPECT_EQ(map.info().max_writers, 7u);
  EXPECT_EQ(map.info().bytes_max, 16u << 20);
  EXPECT_TRUE(map.stats().cared_for);
}

TEST_F(maps_of_a_directory, AreNeverMadeAgainNorEmptiedByARestart) {
  place_.configure(configured("a"));
  std::string uuid;
  {
    running_daemon daemon(place_);
    numbers map(twinmap::open_only, "a", here());
    map.store(1, 11);
    uuid = map.info().uuid;
    EXPECT_EQ(daemon.stop(), 0);
  }
  place_.configure(configured("a", "max_writers = 9\n"));
  running_daemon daemon(place_);
  numbers map(twinmap::open_only, "a", here());
  EXPECT_EQ(map.load(1), 11u);
  EXPECT_EQ(map.info().uuid, uuid);
  EXPECT_TRUE(daemon.logs("max_writers is 256, the configuration says 9"));
  daemon.kill();
  const running_daemon next(place_);
  EXPECT_EQ(map.load(1), 11u);
  map.store(2, 22);
  EXPECT_TRUE(next.cares_for("a"));
  EXPECT_EQ(next.map("a").value("uuid", ""), uuid);
}

TEST_F(maps_of_a_directory, ThatOthersMakeAreFoundAndForgotten) {
  const running_daemon daemon(place_);
  numbers before(twinmap::create_only, "foreign", here());
  EXPECT_TRUE(daemon.cares_for("foreign"));
  EXPECT_FALSE(daemon.map("foreign").value("configured", true));
  EXPECT_TRUE(twinmap::remove("foreign", here()));
  EXPECT_TRUE(eventually([&] { return daemon.ask("GET", "/v1/maps/foreign").status == 404; }));
  std::ofstream(place_.maps() + "/other.file") << "x";
  EXPECT_TRUE(daemon.get("/v1/maps").at("maps").empty());
}

TEST_F(maps_of_a_directory, ThatWereThereBeforeAreAdopted) {
  const numbers before(twinmap::create_only, "early", here());
  const running_daemon daemon(place_);
  EXPECT_TRUE(daemon.cares_for("early"));
}

TEST_F(maps_of_a_directory, WhoseNameIsReplacedAreLetGoForTheNewOne) {
  const running_daemon daemon(place_);
  const numbers old(twinmap::create_only, "name", here());
  ASSERT_TRUE(daemon.cares_for("name"));
  const numbers other(twinmap::create_only, "other", here());
  ASSERT_TRUE(daemon.cares_for("other"));
  // By rename, behind the library's back; the lock file is the segment's companion.
  for (const char* suffix : {"", ".lock"})
    std::filesystem::rename(place_.maps() + "/twinmap.other" + suffix,
                            place_.maps() + "/twinmap.name" + suffix);
  const std::string uuid = other.info().uuid;
  EXPECT_TRUE(eventually([&] { return daemon.map("name").value("uuid", "") == uuid; },
                         std::chrono::seconds(10)))
      << daemon.log();
  EXPECT_TRUE(eventually([&] { return daemon.ask("GET", "/v1/maps/other").status == 404; }));
}

TEST_F(maps_of_a_directory, WhoseNameIsUnlinkedAreLetGo) {
  const running_daemon daemon(place_);
  const numbers map(twinmap::create_only, "m", here());
  ASSERT_TRUE(daemon.cares_for("m"));
  std::filesystem::remove(place_.maps() + "/twinmap.m");
  EXPECT_TRUE(eventually([&] { return daemon.ask("GET", "/v1/maps/m").status == 404; }));
  EXPECT_TRUE(eventually([&] { return !map.stats(false).cared_for; }, std::chrono::seconds(5)));
}

TEST_F(maps_of_a_directory, OfAnotherTypeAreLeftAloneAndReported) {
  {
    twinmap::map<std::string, double> other(twinmap::create_only, "a", here());
    other.store("k", 1.5);
  }
  place_.configure(configured("a") + configured("b"));
  running_daemon daemon(place_, {.await_ready = false});
  EXPECT_TRUE(daemon.notified().hears("STATUS=Waiting for 1 configured maps, 'a'"));
  EXPECT_EQ(daemon.notified().count("READY=1", milliseconds(1500)), 0);
  EXPECT_EQ(daemon.map("a").value("errc", ""), "type_mismatch");
  EXPECT_FALSE(daemon.map("a").value("cared_for", true));
  EXPECT_NE(daemon.map("a").value("error", "").find("string"), std::string::npos);
  EXPECT_NE(daemon.ask("GET", "/metrics")
                .body.find("twinmap_refused{map=\"a\",errc=\"type_mismatch\"} 1"),
            std::string::npos);
  EXPECT_TRUE(daemon.cares_for("b"));
  EXPECT_EQ(daemon.ask("GET", "/healthz").status, 503);
  const twinmap::map<std::string, double> same(twinmap::open_only, "a", here());
  EXPECT_EQ(same.load("k"), 1.5);
  // Once it is out of the way, the configured one is made.
  EXPECT_TRUE(twinmap::remove("a", here()));
  EXPECT_TRUE(daemon.notified().hears("READY=1"));
  EXPECT_EQ(daemon.ask("GET", "/healthz").status, 200);
}

TEST_F(maps_of_a_directory, ThatAreNoneAreLeftAloneAndReported) {
  std::ofstream(place_.maps() + "/twinmap.garbage") << std::string(8192, 'x');
  ::chmod((place_.maps() + "/twinmap.garbage").c_str(), 0600);
  const running_daemon daemon(place_);
  EXPECT_EQ(daemon.map("garbage").value("errc", ""), "corrupted");
  EXPECT_EQ(std::filesystem::file_size(place_.maps() + "/twinmap.garbage"), 8192u);
}

TEST_F(maps_of_a_directory, OfOthersThatMayNotBeOpenedAreKnownOnlyUpToANumber) {
  TWINMAP_REQUIRE_PRIVILEGE(change_user);
  for (const char* part : {".", "maps", "etc"})
    std::filesystem::permissions(place_.file(part), std::filesystem::perms(0777));
  for (int i = 0; i != 1500; ++i) {
    const std::string file = place_.maps() + "/twinmap.foreign" + std::to_string(i);
    std::ofstream(file) << "x";
    ::chmod(file.c_str(), 0600);
  }
  const running_daemon daemon(place_, {.user = 54323});
  const std::size_t known = daemon.get("/v1/maps").at("maps").size();
  EXPECT_EQ(known, 1000u);
  EXPECT_EQ(daemon.map("foreign0").value("errc", ""), "permission_denied");
}

TEST_F(maps_of_a_directory, AreDroppedOnRequestAndNotMadeAgainBeforeAReload) {
  place_.configure(configured("a"));
  const running_daemon daemon(place_);
  numbers map(twinmap::open_only, "a", here());
  map.store(1, 1);
  EXPECT_EQ(daemon.ask("DELETE", "/v1/maps/a").status, 200);
  EXPECT_TRUE(map.retired());
  EXPECT_FALSE(twinmap::exists("a", here()));
  const numbers mine(twinmap::create_only, "a", here());  // the name is free, and stays so
  EXPECT_TRUE(daemon.cares_for("a"));
  EXPECT_EQ(daemon.map("a").value("uuid", ""), mine.info().uuid);
  EXPECT_EQ(daemon.ask("DELETE", "/v1/maps/a").status, 200);
  EXPECT_EQ(daemon.ask("POST", "/v1/reload").status, 200);
  EXPECT_TRUE(twinmap::exists("a", here()));
}

TEST_F(maps_of_a_directory, AreAddedByReloadWhichTellsWhatStays) {
  place_.configure(configured("a"));
  running_daemon daemon(place_);
  place_.configure("[promotion]\nmax_age = \"20ms\"\n" + configured("a", "max_writers = 3\n") +
                   configured("b"));
  daemon.signal(SIGHUP);
  EXPECT_TRUE(daemon.notified().hears("RELOADING=1"));
  EXPECT_TRUE(daemon.notified().hears("READY=1"));
  EXPECT_TRUE(daemon.cares_for("b"));
  place_.configure(configured("a", "max_writers = 3\n") + configured("c"));
  const json report = daemon.ask("POST", "/v1/reload").parsed();
  EXPECT_EQ(report.at("added"), json::array({"c"}));
  EXPECT_EQ(report.at("no_longer_configured"), json::array({"b"}));
  ASSERT_EQ(report.at("not_changed").size(), 1u) << report;
  EXPECT_NE(report.at("not_changed")[0].get<std::string>().find("'a': max_writers is 256"),
            std::string::npos);
  ASSERT_EQ(report.at("adjusted").size(), 1u) << report;
  EXPECT_TRUE(daemon.cares_for("b"));  // it stays, as any map of the directory
}

TEST_F(maps_of_a_directory, StayAsTheyAreIfAReloadFindsABadConfiguration) {
  place_.configure(configured("a"));
  running_daemon daemon(place_);
  place_.configure("nonsense = 1\n");
  const answer refused = daemon.ask("POST", "/v1/reload");
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.code(), "bad_configuration");
  EXPECT_NE(refused.body.find("twinmapd.toml:5"), std::string::npos) << refused.body;
  daemon.signal(SIGHUP);
  EXPECT_TRUE(daemon.logs("the configuration stays as it was"));
  EXPECT_TRUE(daemon.cares_for("a"));
}

TEST_F(maps_of_a_directory, ThatAnotherDaemonCaresForAreItsOwn) {
  const numbers map(twinmap::create_only, "m", here());
  running_daemon first(place_);
  ASSERT_TRUE(first.cares_for("m"));
  place other;
  other.write("etc/twinmapd.toml", "[daemon]\nsocket = \"" + other.socket() + "\"\ndirectory = \"" +
                                       place_.maps() + "\"\n");
  const running_daemon second(other);
  EXPECT_EQ(second.map("m").value("errc", ""), "already_exists");
  first.kill();
  EXPECT_TRUE(second.cares_for("m"));
}

}  // namespace
}  // namespace daemon_test
