// hot_reload publish PATH TARGET...: replaces the whole routing table at once.
// hot_reload route PATH:             what a server does on each request.
//
// Each table is a map of its own that is complete before anybody sees it; one value says which is
// in force. Who still reads the old one goes on reading it undisturbed: removing a map takes its
// name away, not its memory.
#include <cstdio>
#include <cstring>
#include <string>
#include <twinmap/map.hpp>

using table = twinmap::map<std::string, std::string>;
const twinmap::options small{.max_bytes = 1 << 20};

class router {
 public:
  std::string route(const std::string& path) {
    const std::uint64_t now = current_.load("routes").value_or(0);
    if (now != version_) {
      routes_ = table(twinmap::open_read_only, "example-routes-" + std::to_string(now));
      version_ = now;
    }
    return routes_.load(path).value_or("404");
  }

 private:
  twinmap::map<std::string, std::uint64_t> current_{twinmap::open_read_only, "example-current"};
  table routes_;
  std::uint64_t version_ = 0;
};

void publish(int count, char** pairs) {
  twinmap::map<std::string, std::uint64_t> current(twinmap::open_or_create, "example-current",
                                                   small);
  const std::uint64_t old = current.load("routes").value_or(0);
  table next(twinmap::create_only, "example-routes-" + std::to_string(old + 1), small);
  for (int i = 0; i + 1 < count; i += 2)
    next.store(pairs[i], pairs[i + 1]);
  current.store("routes", old + 1);  // from here on everybody sees all of it
  // The last one stays for who has read its number and not yet attached.
  if (old > 1) twinmap::remove("example-routes-" + std::to_string(old - 1));
}

int main(int argc, char** argv) {
  if (argc > 3 && std::strcmp(argv[1], "publish") == 0) {
    publish(argc - 2, argv + 2);
    return 0;
  }
  if (argc == 3 && std::strcmp(argv[1], "route") == 0) {
    std::printf("%s\n", router().route(argv[2]).c_str());
    return 0;
  }
  return 2;
}
