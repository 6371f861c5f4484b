// reason: fetch_add needs an arithmetic value type other than bool
#include <twinmap/map.hpp>

bool add(twinmap::map<int, bool>& map) {
  return map.fetch_add(1, true);
}
