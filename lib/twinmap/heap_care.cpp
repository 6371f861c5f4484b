#include <twinmap/heap_care.hpp>
#include <twinmap/map_access.hpp>
#include <twinmap/protocol/gather.hpp>

namespace twinmap {

using detail::map_access;

heap_state heap(const any_map& map) {
  return protocol::heap(map_access::handle(map));
}

std::uint64_t commit_ahead(any_map& map, std::uint64_t bytes) {
  return protocol::commit_ahead(map_access::handle(map), bytes);
}

std::uint64_t commit_ahead(any_map& map, std::uint64_t bytes, std::error_code& code) {
  return detail::with_code(code, std::uint64_t{0}, [&] { return commit_ahead(map, bytes); });
}

std::chrono::nanoseconds give_back_age(const any_map& map) {
  return protocol::give_back_age(map_access::handle(map));
}

struct heap_keeper::state {
  explicit state(protocol::handle& map) : ages(map), gatherer(map) {}
  protocol::chunk_ages ages;
  protocol::gatherer gatherer;
};

heap_keeper::heap_keeper(any_map& map) : state_(std::make_unique<state>(map_access::handle(map))) {
  if (map.read_only())
    raise(errc::read_only, map.name(), "the handle was attached with open_read_only");
}

heap_keeper::~heap_keeper() = default;
heap_keeper::heap_keeper(heap_keeper&&) noexcept = default;
heap_keeper& heap_keeper::operator=(heap_keeper&&) noexcept = default;

bool heap_keeper::gather_some(std::size_t slots) {
  return state_->gatherer.some(slots);
}

std::uint64_t heap_keeper::bytes_gathered() const noexcept {
  return state_->gatherer.moved();
}

std::uint64_t heap_keeper::give_back(std::chrono::nanoseconds min_age, std::uint64_t keep) {
  return state_->ages.give_back(min_age, keep);
}

}  // namespace twinmap
