// reason: a trivially copyable type needs a name
#include <twinmap/map.hpp>

struct nameless {
  int number;
};
template class twinmap::map<int, nameless>;
