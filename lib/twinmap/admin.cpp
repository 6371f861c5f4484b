#include <twinmap/admin.hpp>
#include <twinmap/map_access.hpp>

namespace twinmap {

using detail::map_access;

bool promote(any_map& map) {
  return protocol::promote(map_access::handle(map));
}

bool promote(any_map& map, std::error_code& code) {
  return detail::with_code(code, false, [&] { return promote(map); });
}

bool compact(any_map& map) {
  return protocol::compact(map_access::handle(map));
}

bool compact(any_map& map, std::error_code& code) {
  return detail::with_code(code, false, [&] { return compact(map); });
}

bool prepare_standby(any_map& map) {
  return protocol::prepare_standby(map_access::handle(map));
}

bool prepare_standby(any_map& map, std::error_code& code) {
  return detail::with_code(code, false, [&] { return prepare_standby(map); });
}

std::vector<writer_info> writers(const any_map& map) {
  return protocol::writers(map_access::handle(map));
}

const char* to_string(writer_state state) noexcept {
  switch (state) {
    case writer_state::running:
      return "running";
    case writer_state::stopped:
      return "stopped";
    case writer_state::dead:
      return "dead";
    default:
      return "unknown";
  }
}

sweep_report sweep(any_map& map) {
  return protocol::sweep(map_access::handle(map));
}

sweep_report sweep(any_map& map, std::error_code& code) {
  return detail::with_code(code, sweep_report{}, [&] { return sweep(map); });
}

sweep_report sweep(any_map& map, const walk_progress& told) {
  return protocol::sweep(map_access::handle(map), told);
}

check_report check(const any_map& map, const walk_progress& told) {
  return protocol::check(map_access::handle(map), told);
}

check_report check(const any_map& map) {
  return protocol::check(map_access::handle(map));
}

void slots(const any_map& map, const std::function<bool(const slot_info&)>& visitor) {
  protocol::for_each_slot(map_access::handle(map), visitor);
}

}  // namespace twinmap
