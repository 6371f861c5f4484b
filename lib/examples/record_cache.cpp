// record_cache ID...: a cache of records that all processes fill and read together.
#include <cstdio>
#include <cstdlib>
#include <twinmap/map.hpp>

struct customer {
  std::uint64_t id;
  double balance;
  char name[48];
};
// The name is written into the map: a program with another layout is refused instead of reading
// nonsense.
template <>
struct twinmap::type_name<customer> {
  static constexpr std::string_view value = "customer/1";
};

using cache = twinmap::map<std::uint64_t, customer>;

customer ask_the_database(std::uint64_t id) {
  customer found{.id = id, .balance = 10.0 * static_cast<double>(id), .name = {}};
  std::snprintf(found.name, sizeof found.name, "customer %llu",
                static_cast<unsigned long long>(id));
  return found;
}

customer look_up(cache& known, std::uint64_t id, bool& hit) {
  if (auto cached = known.load(id)) {
    hit = true;
    return *cached;
  }
  hit = false;
  // If another process was faster, all go on with what it stored.
  return known.load_or_store(id, ask_the_database(id)).first;
}

int main(int argc, char** argv) {
  cache known(twinmap::open_or_create, "example-customers", {.max_bytes = 64 << 20});
  for (int i = 1; i < argc; ++i) {
    bool hit = false;
    const customer found = look_up(known, std::strtoull(argv[i], nullptr, 10), hit);
    std::printf("%s: %.2f (%s)\n", found.name, found.balance, hit ? "cached" : "asked");
  }
}
