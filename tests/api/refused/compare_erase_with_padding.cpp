// reason: compare_exchange and compare_erase compare bytes
#include <twinmap/map.hpp>

struct gap {
  char letter;
  int number;
};
template <>
struct twinmap::type_name<gap> {
  static constexpr std::string_view value = "gap";
};
bool swap(twinmap::map<int, gap>& map) {
  return map.compare_erase(1, {});
}
