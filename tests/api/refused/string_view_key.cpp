// reason: std::string_view owns nothing
#include <twinmap/map.hpp>

template class twinmap::map<std::string_view, int>;
