#include <twinmap/admin.hpp>

namespace twinmap {

/// The way from a public handle to the protocol's, for this file alone.
struct detail::map_access {
  static protocol::handle& handle(const any_map& map) { return map.attached(); }
};
using detail::map_access;

bool promote(any_map& map) {
  return protocol::promote(map_access::handle(map));
}

bool promote(any_map& map, std::error_code& code) {
  return detail::with_code(code, false, [&] { return promote(map); });
}

sweep_report sweep(any_map& map) {
  return protocol::sweep(map_access::handle(map));
}

sweep_report sweep(any_map& map, std::error_code& code) {
  return detail::with_code(code, sweep_report{}, [&] { return sweep(map); });
}

check_report check(const any_map& map) {
  return protocol::check(map_access::handle(map));
}

void slots(const any_map& map, const std::function<bool(const slot_info&)>& visitor) {
  protocol::for_each_slot(map_access::handle(map), visitor);
}

}  // namespace twinmap
