// reason: a type_name has 1 to 96 bytes and no colon
#include <twinmap/map.hpp>

struct quote {
  int bid;
};
template <>
struct twinmap::type_name<quote> {
  static constexpr std::string_view value = "my:quote";
};
template class twinmap::map<int, quote>;
