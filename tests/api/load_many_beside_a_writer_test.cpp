// load_many while another handle changes the same keys, inserts others and has dirty promoted: each
// value is one that was stored whole under its key, and a key that is never erased is always found.
#include <api/fresh_map.hpp>
#include <maps/raw_map.hpp>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace api_test {
namespace {

constexpr u64 lasting = 64;   // keys that stay
constexpr u64 passing = 64;   // keys that come and go
constexpr u64 key_bits = 16;  // of a value; the rest is a round

u64 make_value(u64 key, u64 round, const u64*) {
  return (round << key_bits) | key;
}
quote make_value(u64 key, u64 round, const quote*) {
  return {static_cast<std::int64_t>(round), -static_cast<std::int64_t>(round),
          (round << key_bits) | key};
}
bool belongs(u64 key, u64 value) {
  return (value & ((1u << key_bits) - 1)) == key;
}
bool belongs(u64 key, const quote& value) {
  return belongs(key, value.at) && value.bid == static_cast<std::int64_t>(value.at >> key_bits) &&
         value.ask == -value.bid;
}

template <class T>
void change_until(twinmap::map<u64, T>& map, const std::atomic<bool>& done) {
  u64 newest = lasting + passing;
  for (u64 round = 1; !done; ++round) {
    for (u64 key = 0; key != lasting; ++key)
      map.store(key, make_value(key, round, static_cast<const T*>(nullptr)));
    for (u64 key = lasting; key != lasting + passing; ++key) {
      if ((round + key) % 2 == 0)
        map.store(key, make_value(key, round, static_cast<const T*>(nullptr)));
      else
        map.erase(key);
    }
    // A new key amends read, and what this thread then misses promotes dirty.
    if (newest == 1 << 12) continue;
    map.store(newest++, T{});
    for (int misses = 0; misses != 64; ++misses)
      map.contains(newest);
  }
}

template <class T>
void read_beside_a_writer(const std::string& name) {
  twinmap::map<u64, T> writers(twinmap::open_only, name);
  const twinmap::map<u64, T> readers(twinmap::open_read_only, name);
  for (u64 key = 0; key != lasting; ++key)
    writers.store(key, make_value(key, 0, static_cast<const T*>(nullptr)));
  std::vector<u64> keys;
  for (u64 i = 0; i != 200; ++i)
    keys.push_back(i * 77 % (lasting + passing));
  std::vector<std::optional<T>> values(keys.size());

  std::atomic<bool> done = false;
  std::thread writer([&] { change_until(writers, done); });
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  while (std::chrono::steady_clock::now() < end && !testing::Test::HasFailure()) {
    readers.load_many(keys, values);
    for (std::size_t i = 0; i != keys.size(); ++i) {
      EXPECT_TRUE(values[i].has_value() || keys[i] >= lasting) << keys[i];
      EXPECT_TRUE(!values[i].has_value() || belongs(keys[i], *values[i])) << keys[i];
    }
  }
  done = true;
  writer.join();
  EXPECT_GT(writers.stats().promotions, 0u);
}

// Makes a map whose hashes are `mask` at most.
void make_map(const std::string& name, u64 mask) {
  test_maps::raw_settings settings;
  settings.hash_mask = mask;
  settings.max_bytes = 64 << 20;
  test_maps::raw_map<u64, u64>(test_maps::attach_mode::create_only, name, settings);
}

TEST(LoadManyBesideAWriter, NeverSeesAValueThatIsTornOrAnotherKeys) {
  const fresh_map<u64, u64> fresh;
  read_beside_a_writer<u64>(fresh.name);
}
TEST(LoadManyBesideAWriter, NeverMistakesKeysWhoseHashesAreAlike) {
  const test_support::scoped_name name;
  make_map(name, test_maps::truncated);
  read_beside_a_writer<u64>(name);
}
TEST(LoadManyBesideAWriter, NeverSeesATornBlock) {
  const fresh_map<u64, quote> fresh;
  read_beside_a_writer<quote>(fresh.name);
}

}  // namespace
}  // namespace api_test
