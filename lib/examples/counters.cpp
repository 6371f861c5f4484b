// counters: four processes count together, one of them dies in the middle of it, nothing that was
// counted is lost.
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <cstdio>
#include <twinmap/map.hpp>

int main() {
  twinmap::map<std::string, std::int64_t> counters(twinmap::open_or_create, "example-counters",
                                                   {.max_bytes = 1 << 20});
  counters.clear();
  for (int process = 0; process < 4; ++process) {
    if (fork() != 0) continue;
    for (int i = 0; i < 1000; ++i) {
      counters.fetch_add("requests", 1);  // atomic; the child is a writer of its own
      if (process == 3 && i == 499) raise(SIGKILL);
    }
    counters.fetch_add("clean exits", 1);
    _exit(0);
  }
  while (wait(nullptr) > 0) {
  }
  counters.for_each([](const std::string& name, std::int64_t n) {
    std::printf("%s: %lld\n", name.c_str(), static_cast<long long>(n));
  });
  return counters.load("requests") == 3500 ? 0 : 1;
}
