#include <time.h>

#include <unordered_set>
#include <vector>

#include "crew.hpp"
#include "sight.hpp"

namespace soak {

void read(const soak_map& map, book& shared, std::uint64_t seed, const std::atomic<bool>& stop) {
  test_maps::random_source random(seed);
  sight mine(shared);
  std::vector<std::uint64_t> keys;
  std::vector<std::optional<std::string>> found;
  const auto any_key = [&] {
    if (random.below(4) == 0) return shared_key(random.below(shared_keys));
    const std::size_t writer = random.below(writers);
    return key_of(writer, shared.of[writer].number[random.below(places)]);
  };
  while (!stop && shared.errors == 0) {
    const std::uint64_t dice = random.below(2000);
    if (dice == 0) {
      std::unordered_set<std::uint64_t> visited;
      map.for_each([&](std::uint64_t key, const std::string& value) {
        mine.look(key, value);
        if (!visited.insert(key).second)
          shared.complain("a reader's for_each came to key " + std::to_string(key) + " twice");
      });
      ++shared.walks;
    } else if (dice < 50) {
      keys.resize(1 + random.below(64));
      found.assign(keys.size(), std::nullopt);
      for (std::uint64_t& key : keys)
        key = any_key();
      map.load_many(keys, found);
      for (std::size_t i = 0; i != keys.size(); ++i)
        mine.look(keys[i], found[i]);
    } else {
      const std::uint64_t key = any_key();
      mine.look(key, map.load(key));
    }
    shared.reads.fetch_add(1, std::memory_order_relaxed);
    if (random.below(64) == 0) {
      const timespec pause{0, static_cast<long>(random.below(400'000))};
      ::nanosleep(&pause, nullptr);
    }
  }
}

}  // namespace soak
