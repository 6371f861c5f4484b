// What systemd relies on: the watchdog is fed, a passed socket is used, an end is an end.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "running_daemon.hpp"

namespace daemon_test {
namespace {

class a_service_manager : public ::testing::Test {
 protected:
  place place_;
};

TEST_F(a_service_manager, HearsTheWatchdogUntilTheDaemonHangs) {
  running_daemon daemon(place_, {.environment = {"WATCHDOG_USEC=300000"}});
  EXPECT_GE(daemon.notified().count("WATCHDOG=1", milliseconds(1000)), 5);
  daemon.signal(SIGSTOP);
  daemon.notified().count("WATCHDOG=1", milliseconds(300));
  EXPECT_EQ(daemon.notified().count("WATCHDOG=1", milliseconds(600)), 0);
  daemon.signal(SIGCONT);
  EXPECT_TRUE(daemon.notified().hears("WATCHDOG=1"));
}

TEST_F(a_service_manager, HearsThatTheDaemonIsStopping) {
  for (const int signal : {SIGTERM, SIGINT}) {
    running_daemon daemon(place_);
    daemon.signal(signal);
    EXPECT_TRUE(daemon.notified().hears("STOPPING=1"));
    EXPECT_EQ(daemon.wait(), 0);
  }
}

TEST_F(a_service_manager, PassesTheSocketAndKeepsIt) {
  const std::string path = place_.file("passed.sock");
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener, 16), 0);
  {
    running_daemon daemon(place_, {.listening = listener});
    EXPECT_EQ(ask(path, "GET", "/healthz").status, 200);
    EXPECT_FALSE(std::filesystem::exists(place_.socket()));
    EXPECT_EQ(daemon.stop(), 0);
  }
  EXPECT_TRUE(std::filesystem::exists(path));
  // A client that comes while no daemon is there is answered by the next one.
  const connection early(path);
  ASSERT_TRUE(early.send("GET /healthz HTTP/1.1\r\n\r\n"));
  const running_daemon next(place_, {.listening = listener});
  EXPECT_EQ(early.receive().status, 200);
  ::close(listener);
}

TEST_F(a_service_manager, SeesPrioritiesWhereStderrIsTheJournal) {
  {
    running_daemon plain(place_);
    EXPECT_TRUE(plain.logs("twinmapd: info: ready"));
    EXPECT_EQ(plain.stop(), 0);
  }
  struct stat facts {};
  ASSERT_EQ(::stat(place_.log().c_str(), &facts), 0);
  const std::string stream =
      "JOURNAL_STREAM=" + std::to_string(facts.st_dev) + ':' + std::to_string(facts.st_ino);
  const running_daemon daemon(place_, {.environment = {stream}});
  EXPECT_TRUE(daemon.logs("<6>ready"));
}

}  // namespace
}  // namespace daemon_test
