// daemon ping, status and reload against a socket that says whatever a test wants: right answers,
// refusals, nonsense, and silence.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <support/child.hpp>
#include <tools/schema.hpp>
#include <tools/tool.hpp>

#include <chrono>
#include <functional>

namespace tools_test {
namespace {

class daemons_answers : public tool {
 protected:
  std::string socket_path() const { return directory() + "/control.sock"; }

  // Listens before it returns; then each connection is handed to `serve` in a child process.
  test_support::child listening(std::function<void(int)> serve) const {
    const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = socket_path();
    ::unlink(path.c_str());
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener, 8), 0);
    test_support::child server([listener, serve = std::move(serve)] {
      for (;;) {
        const int peer = ::accept(listener, nullptr, nullptr);
        if (peer < 0) return 1;
        serve(peer);
        ::close(peer);
      }
    });
    ::close(listener);
    return server;
  }

  static std::string request_of(int peer) {
    std::string request;
    char byte = 0;
    while (request.find("\r\n\r\n") == std::string::npos && ::read(peer, &byte, 1) == 1)
      request += byte;
    return request;
  }

  static void say(int peer, const std::string& text) {
    EXPECT_EQ(::write(peer, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  static std::string answer(const std::string& status, const std::string& body) {
    return "HTTP/1.1 " + status +
           "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }

  // A daemon that gives this answer to everything.
  test_support::child always(const std::string& status, const std::string& body) const {
    return raw(answer(status, body));
  }
  test_support::child raw(const std::string& text) const {
    return listening([text](int peer) {
      request_of(peer);
      say(peer, text);
    });
  }

  command_result ask(const std::string& verb, words more = {}) const {
    words arguments{"--socket", socket_path(), "daemon", verb};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }

  const schemas known_;
};

TEST_F(daemons_answers, AreAskedForByTheirPaths) {
  auto server = listening([](int peer) {
    const std::string request = request_of(peer);
    if (request.rfind("GET /healthz HTTP/1.1\r\n", 0) == 0) {
      say(peer, answer("200 OK", R"({"status":"ready","version":"9","pid":1,"maps":1})"));
    } else if (request.rfind("GET /v1/maps HTTP/1.1\r\n", 0) == 0) {
      // In pieces, as a slow line would bring it.
      say(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{\"maps\":[\r\n");
      ::usleep(20'000);
      const std::string map = R"({"name":"alpha","configured":true,"cared_for":true,"error":""})";
      char length[16];
      std::snprintf(length, sizeof length, "%zx\r\n", map.size());
      say(peer, length + map + "\r\n2\r\n]}\r\n0\r\n\r\n");
    } else if (request.rfind("POST /v1/reload HTTP/1.1\r\n", 0) == 0) {
      say(peer, answer("200 OK", R"({"added":["m"],"adjusted":[],"not_changed":[]})"));
    } else {
      say(peer, answer("404 Not Found", R"({"error":{"code":"not_found","message":"no"}})"));
    }
  });
  const command_result ping = ask("ping", {"--json"});
  ASSERT_EQ(ping.exit, 0) << ping.err;
  EXPECT_EQ(known_.complaint(json::parse(ping.out), "health"), "");
  const command_result status = ask("status", {"--json"});
  ASSERT_EQ(status.exit, 0) << status.err;
  EXPECT_EQ(known_.complaint(json::parse(status.out), "daemon_status"), "") << status.out;
  const command_result table = ask("status");
  EXPECT_NE(table.out.find("alpha"), std::string::npos) << table.out;
  const command_result reload = ask("reload", {"--json"});
  ASSERT_EQ(reload.exit, 0) << reload.err;
  EXPECT_EQ(json::parse(reload.out)["added"][0], "m");
}

TEST_F(daemons_answers, FourIsADaemonThatDoesNotAnswer) {
  for (const std::string verb : {"ping", "status", "reload"}) {
    const command_result result = ask(verb);
    EXPECT_EQ(result.exit, 4);
    EXPECT_EQ(result.out, "");
    EXPECT_NE(result.err.find(socket_path()), std::string::npos) << result.err;
    EXPECT_NE(result.err.find("No such file"), std::string::npos) << result.err;
  }
  { auto server = raw("unused"); }  // gone, its socket still there
  const command_result refused = ask("ping");
  EXPECT_EQ(refused.exit, 4);
  EXPECT_NE(refused.err.find("refused"), std::string::npos) << refused.err;
  auto closes = listening([](int) {});
  EXPECT_EQ(ask("ping").exit, 4);
}

TEST_F(daemons_answers, FourIsADaemonThatHangs) {
  auto server = listening([](int peer) {
    request_of(peer);
    say(peer, "HTTP/1.1 200 OK\r\nX-Drop: ");
    // A byte now and then is no answer either.
    for (int i = 0; i < 100 && ::send(peer, "x", 1, MSG_NOSIGNAL) == 1; ++i)
      ::usleep(200'000);
  });
  const auto before = std::chrono::steady_clock::now();
  const command_result result = ask("ping");
  const auto took = std::chrono::steady_clock::now() - before;
  EXPECT_EQ(result.exit, 4) << result.err;
  EXPECT_LT(took, std::chrono::seconds(8));
}

TEST_F(daemons_answers, FourIsADaemonThatIsStopped) {
  auto server = raw("unused");
  server.stop();
  const auto before = std::chrono::steady_clock::now();
  const command_result result = ask("ping");
  EXPECT_EQ(result.exit, 4) << result.err;
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(8));
  EXPECT_NE(result.err.find("within 5 s"), std::string::npos) << result.err;
}

TEST_F(daemons_answers, FiveIsOneWhoMayNot) {
  auto server =
      always("403 Forbidden", R"({"error":{"code":"permission_denied","message":"only root"}})");
  const command_result result = ask("reload");
  EXPECT_EQ(result.exit, 5);
  EXPECT_NE(result.err.find("only root"), std::string::npos) << result.err;
}

TEST_F(daemons_answers, ThreeIsWhatTheDaemonDoesNotKnow) {
  auto server =
      always("404 Not Found", R"({"error":{"code":"not_found","message":"no such thing"}})");
  EXPECT_EQ(ask("reload").exit, 3);
}

TEST_F(daemons_answers, OneIsAnyOtherFailure) {
  {
    auto server =
        always("422 Unprocessable Entity",
               R"({"error":{"code":"bad_configuration","message":"twinmapd.toml:3: no"}})");
    const command_result result = ask("reload");
    EXPECT_EQ(result.exit, 1);
    EXPECT_NE(result.err.find("twinmapd.toml:3: no"), std::string::npos) << result.err;
  }
  for (const std::string& nonsense :
       {std::string("220 smtp.example ESMTP\r\n"), answer("200 OK", "no json"),
        answer("200 OK", "[1]"), answer("500 Oops", ""),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}"),
        answer("200 OK", R"({"status":"ready"})").substr(0, 20)}) {
    auto server = raw(nonsense);
    const command_result result = ask("status");
    EXPECT_EQ(result.exit, 1) << nonsense << result.err;
    EXPECT_EQ(result.out, "");
  }
}

TEST_F(daemons_answers, OneIsADaemonThatIsNotReady) {
  auto server = always("503 Service Unavailable",
                       R"({"status":"starting","waiting_for":[{"name":"m","error":"no space"}]})");
  const command_result result = ask("ping");
  EXPECT_EQ(result.exit, 1);
  EXPECT_NE(result.err.find("m (no space)"), std::string::npos) << result.err;
}

TEST_F(daemons_answers, AreOfNoConcernToTheOtherVerbs) {
  must({"create", "m", "--key", "string", "--value", "string"});
  const std::string nowhere = directory() + "/nowhere.sock";
  for (const words& verb :
       {words{"ls"}, {"set", "m", "k", "v"}, {"get", "m", "k"}, {"promote", "m"}, {"rm", "m"}}) {
    words arguments{"--socket", nowhere};
    arguments.insert(arguments.end(), verb.begin(), verb.end());
    EXPECT_EQ(run(arguments).exit, 0) << verb[0];
  }
  EXPECT_EQ(run({"daemon", "dance"}).exit, 2);
  EXPECT_EQ(run({"--socket", std::string(200, 'x'), "daemon", "ping"}).exit, 2);
}

}  // namespace
}  // namespace tools_test
