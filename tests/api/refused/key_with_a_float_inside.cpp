// reason: this key type has padding or floating-point members
#include <twinmap/map.hpp>

struct point {
  float x, y;
};
template <>
struct twinmap::type_name<point> {
  static constexpr std::string_view value = "point";
};
template class twinmap::map<point, int>;
