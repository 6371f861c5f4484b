#include "keeper.hpp"

#include <time.h>
#include <maps/self_verifying.hpp>
#include <twinmap/admin.hpp>

#include "suspension.hpp"

namespace linearizability {
namespace {

void do_something(twinmap::any_map& map, twinmap::heap_keeper& heap,
                  test_maps::random_source& random) {
  switch (random.below(8)) {
    case 0:
    case 1:
      twinmap::promote(map);
      break;
    case 2:
    case 3:
      twinmap::compact(map);
      break;
    case 4:
      twinmap::prepare_standby(map);
      break;
    case 5:
      twinmap::sweep(map);
      break;
    case 6:
      heap.gather_some(1 + random.below(64));
      break;
    default:
      heap.give_back(std::chrono::nanoseconds(0));
  }
}

void take_care(twinmap::caretaker& hold, test_maps::random_source& random) {
  hold.answer();
  if (hold.look().promotion_due && random.below(2) == 0) hold.promote();
  hold.prepare_standby_some(1 + random.below(4));
  hold.tend();
}

}  // namespace

void keep(twinmap::any_map& map, std::uint64_t seed, const std::atomic<bool>& stop,
          std::atomic<std::uint64_t>& interruptions, std::optional<std::size_t> dies_after) {
  test_maps::random_source random(seed);
  std::optional<suspender> interrupted;
  if (dies_after) interrupted.emplace(random(), interruptions);
  twinmap::heap_keeper heap(map);
  std::optional<twinmap::caretaker> hold;
  if (random.below(3) == 0) hold.emplace(map);
  for (std::size_t calls = 0; !stop || dies_after; ++calls) {
    if (dies_after && calls >= *dies_after) suspender::kill_at_next();
    suspender::enter();
    do_something(map, heap, random);
    if (hold) take_care(*hold, random);
    suspender::leave();
    const timespec pause{0, static_cast<long>(random.below(10'000))};
    ::nanosleep(&pause, nullptr);
  }
}

}  // namespace linearizability
