// reason: this key type has padding or floating-point members
#include <twinmap/map.hpp>

struct gap {
  char letter;
  int number;
};
template <>
struct twinmap::type_name<gap> {
  static constexpr std::string_view value = "gap";
};
template class twinmap::map<gap, int>;
