// reason: fetch_add needs an arithmetic value type other than bool
#include <twinmap/map.hpp>

std::string add(twinmap::map<int, std::string>& map) {
  return map.fetch_add(1, "x");
}
