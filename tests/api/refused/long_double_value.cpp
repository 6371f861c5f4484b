// reason: this type has no codec
#include <twinmap/map.hpp>

template class twinmap::map<int, long double>;
