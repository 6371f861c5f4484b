// feature_flags set NAME on|off: switches a flag for every process of the machine.
// feature_flags ask NAME:       what a service does on each request.
#include <cstdio>
#include <cstring>
#include <twinmap/map.hpp>

using flags = twinmap::map<std::string, bool>;

/// One look at shared memory, no system call, no lock: cheap enough for every request.
bool enabled(const flags& all, std::string_view name) {
  return all.load(name).value_or(false);
}

int main(int argc, char** argv) {
  if (argc == 4 && std::strcmp(argv[1], "set") == 0) {
    flags all(twinmap::open_or_create, "example-flags", {.max_bytes = 1 << 20});
    all.store(argv[2], std::strcmp(argv[3], "on") == 0);
    return 0;
  }
  if (argc == 3 && std::strcmp(argv[1], "ask") == 0) {
    const flags all(twinmap::open_read_only,
                    "example-flags");  // cannot change anything, whatever bug
    std::printf("%s\n", enabled(all, argv[2]) ? "on" : "off");
    return 0;
  }
  return 2;
}
