#include <twinmap/any_map.hpp>
#include <twinmap/describe.hpp>
#include <twinmap/protocol/process_state.hpp>

namespace twinmap {
namespace detail {

protocol::attach_request make_request(protocol::attach_mode mode, const std::string& name,
                                      const options& wanted) {
  protocol::attach_request request;
  request.name = name;
  request.mode = mode;
  request.directory = wanted.directory;
  request.max_bytes = wanted.max_bytes;
  request.max_entries = wanted.max_entries;
  request.slot_bytes = wanted.slot_bytes;
  request.max_writers = wanted.max_writers;
  request.owner = {.mode = wanted.mode, .group = wanted.group};
  request.huge_pages = wanted.huge_pages;
  request.lock_timeout = wanted.lock_timeout;
  request.whom.trusted_owner = wanted.trusted_owner;
  request.keep_on_retired = wanted.on_retired == on_retired::keep;
  return request;
}

std::unique_ptr<protocol::handle> attach(const protocol::attach_request& request,
                                         std::uint64_t layout) {
  if (layout != header_layout)
    raise(errc::incompatible_layout, request.name,
          "the program was compiled with the headers of another version of libtwinmap than the one "
          "it runs with");
  return protocol::handle::attach(request);
}

void raise_not_attached() {
  raise(errc::not_attached, "", "the handle was default-constructed, moved from or closed");
}

}  // namespace detail

map_stats any_map::stats(bool by_state) const {
  return detail::gather_stats(attached(), by_state);
}

map_info any_map::info() const {
  return detail::describe(attached());
}

options any_map::options() const {
  const protocol::attach_request& request = attached().request();
  return {.max_bytes = request.max_bytes,
          .max_entries = request.max_entries,
          .slot_bytes = request.slot_bytes,
          .max_writers = request.max_writers,
          .mode = request.owner.mode,
          .group = request.owner.group,
          .huge_pages = request.huge_pages,
          .directory = attached().state().where.directory,
          .lock_timeout = request.lock_timeout,
          .trusted_owner = request.whom.trusted_owner,
          .on_retired = request.keep_on_retired ? on_retired::keep : on_retired::fail};
}

bool any_map::remove(const std::string& name, const twinmap::options& where) {
  return twinmap::remove(name, where);
}

bool any_map::remove(const std::string& name, const twinmap::options& where,
                     std::error_code& code) {
  return twinmap::remove(name, where, code);
}

}  // namespace twinmap
