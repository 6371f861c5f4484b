// reason: deleted
#include <twinmap/map.hpp>

twinmap::map<int, int> copy(const twinmap::map<int, int>& map) {
  return map;
}
