// reason: const twinmap::map<int, int>
#include <twinmap/map.hpp>

void put(const twinmap::map<int, int>& map) {
  map.store(1, 2);
}
