// The C++ side of the audit: hands tokens from hand to hand like the Python processes do, in the
// terms of map<Key, T>.
//
//   peer_tokens tokens NAME ID COUNT   exchanges COUNT tokens; those that came back go to stdout
//   peer_tokens quotes NAME            checks the quotes that Python stored, and stores some
#include <twinmap/map.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

struct quote {
  double bid;
  double ask;
  std::int64_t at;
};
template <>
struct twinmap::type_name<quote> {
  static constexpr std::string_view value = "quote/1";
};

namespace {

using u64 = std::uint64_t;

int hand_on(const std::string& name, u64 id, u64 count) {
  twinmap::map<std::string, u64> map(twinmap::open_only, name);
  std::vector<u64> back;
  map.fetch_add("ready", 1);
  while (!map.contains("go"))
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  for (u64 number = 0; number < count; ++number) {
    const std::string key = "hand" + std::to_string(number * 7 % 5);
    if (const auto previous = map.exchange(key, (id << 32) + number)) back.push_back(*previous);
    if (number % 11 == 0)
      if (const auto taken = map.load_and_erase(key)) back.push_back(*taken);
    // Python is slower: give it time to be there all along.
    if (number % 32 == 0) std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  return std::fwrite(back.data(), sizeof(u64), back.size(), stdout) == back.size() ? 0 : 1;
}

int check_quotes(const std::string& name) {
  twinmap::map<std::string, quote> map(twinmap::open_only, name);
  for (int i = 0; i < 100; ++i) {
    const auto q = map.load("from python " + std::to_string(i));
    if (!q || q->bid != i + 0.25 || q->ask != i + 0.5 || q->at != -i) return 1;
    map.store("from c++ " + std::to_string(i), {i * 2.0, i * 3.0, i * 4});
  }
  return map.size() == 200 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() == 4 && arguments[0] == "tokens")
    return hand_on(arguments[1], std::stoull(arguments[2]), std::stoull(arguments[3]));
  if (arguments.size() == 2 && arguments[0] == "quotes") return check_quotes(arguments[1]);
  return 2;
}
