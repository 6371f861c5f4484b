// reason: update needs a function std::optional<T>(std::optional<T>)
#include <twinmap/map.hpp>

void touch(twinmap::map<int, int>& map) {
  map.update(1, [](std::optional<int>) {});
}
