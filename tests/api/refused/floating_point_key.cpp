// reason: a floating-point key is refused
#include <twinmap/map.hpp>

template class twinmap::map<double, int>;
