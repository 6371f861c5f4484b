// What a daemon does to a map: it cares, and is killed as all others are.
#include <twinmap/admin.hpp>

#include <chrono>
#include <cstddef>
#include <thread>

#include "crew.hpp"

namespace soak {

// A keeper lives for less than a second, and what it has counted dies with it: with the daemon's
// small steps hardly one would come to the end of a pass, and values would lie scattered.
constexpr std::size_t gathered_at_once = 1u << 14;
// What it has seen unused dies with it, too: few keepers would live to give memory back after a
// second, and the map's memory would tell their luck instead of a leak.
constexpr std::chrono::milliseconds unused_for{200};

void keep(soak_map& map, std::uint64_t seed, const std::atomic<bool>& stop) {
  test_maps::random_source random(seed);
  twinmap::heap_keeper heap(map);
  twinmap::caretaker hold(map);
  while (!stop) {
    hold.answer();
    const twinmap::care_state now = hold.look();
    if (hold.tend() != 0 || random.below(64) == 0) twinmap::sweep(map);
    if (now.absent * 4 > now.words && random.below(8) == 0)
      twinmap::compact(map);
    else if (now.promotion_due || now.amended_ns > 50'000'000)
      hold.promote();
    else if (now.amended)
      hold.prepare_standby_some(64);
    heap.gather_some(gathered_at_once);
    heap.give_back(unused_for);
    std::this_thread::sleep_for(std::chrono::milliseconds(1 + random.below(20)));
  }
}

}  // namespace soak
