// reason: a pointer means nothing to another process
#include <twinmap/map.hpp>

template class twinmap::map<int, const char*>;
