#include <cli/fields.hpp>

#include <string_view>
#include <vector>

namespace twinmap::cli {
namespace {

std::string_view name_of(entry_state state) {
  switch (state) {
    case entry_state::free:
      return "free";
    case entry_state::live_inline:
      return "live_inline";
    case entry_state::live_block:
      return "live_block";
    case entry_state::nil:
      return "nil";
    case entry_state::expunged:
      return "expunged";
  }
  return "unknown";
}

std::string_view name_of(slot_place place) {
  switch (place) {
    case slot_place::none:
      return "none";
    case slot_place::read:
      return "read";
    case slot_place::dirty:
      return "dirty";
    case slot_place::both:
      return "both";
  }
  return "unknown";
}

std::string_view characters(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

json to_json(const slot_info& slot, const named_type& key, const named_type& value,
             const settings& common) {
  const bool named = slot.state != entry_state::free;
  const bool live = slot.state == entry_state::live_inline || slot.state == entry_state::live_block;
  return {{"number", slot.number},
          {"state", name_of(slot.state)},
          {"version", slot.version},
          {"birth", slot.birth},
          {"place", name_of(slot.place)},
          {"key", named ? key.to_json(characters(slot.key), common.key_as) : json()},
          {"value", live ? value.to_json(characters(slot.value), common.value_as) : json()}};
}

}  // namespace twinmap::cli
