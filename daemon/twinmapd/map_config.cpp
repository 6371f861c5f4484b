// The keys of a [[map]] and their limits. They come from the configuration or from a request.
#include <twinmapd/config.hpp>

#include <fmt/format.h>
#include <twinmap/any_map.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>

namespace twinmapd {
namespace {

constexpr std::uint64_t least_bytes = 1ull << 20;
constexpr std::uint64_t most_bytes = 1ull << 40;
constexpr std::uint64_t most_entries = (1ull << 32) - 2;
constexpr std::uint64_t most_writers = 4095;
constexpr std::uint64_t least_slot = 32;
constexpr std::uint64_t most_slot = 4096;

void set_name(map_config& map, const scalar& value) {
  map.name = text_of(value);
  try {
    static_cast<void>(twinmap::exists(map.name));
  } catch (const twinmap::error& refused) {
    throw value_error(refused.what());
  }
}

/// A written type name, see twinmap/codec.hpp.
std::string type_of(const scalar& value) {
  std::string type = text_of(value);
  if (type.empty() || type.size() > twinmap::max_type_name)
    throw value_error(fmt::format("the name of a type has 1 to {} bytes, this one has {}",
                                  twinmap::max_type_name, type.size()));
  constexpr std::string_view structure = "struct:";
  if (!type.starts_with(structure)) return type;
  const std::size_t colon = type.rfind(':');
  std::uint32_t size = 0;
  const char* end = type.data() + type.size();
  const auto [stop, failure] = std::from_chars(type.data() + colon + 1, end, size);
  if (colon <= structure.size() || failure != std::errc() || stop != end || size == 0)
    throw value_error(fmt::format("struct:NAME:SIZE is expected, this is \"{}\"", type));
  return type;
}

void set_key_type(map_config& map, const scalar& value) {
  map.types.key = type_of(value);
  if (map.types.key == "f32" || map.types.key == "f64")
    throw value_error("a key is no floating-point number: equal ones may differ in their bytes");
}

void set_slot_bytes(map_config& map, const scalar& value) {
  const std::uint64_t bytes = bytes_of(value, 0, most_slot);
  if (bytes != 0 && (bytes < least_slot || !std::has_single_bit(bytes)))
    throw value_error(fmt::format("0 or a power of two from {} to {} is expected, this is {}",
                                  least_slot, most_slot, bytes));
  map.wanted.slot_bytes = static_cast<std::uint32_t>(bytes);
}

struct key_rule {
  std::string_view name;
  void (*set)(map_config& map, const scalar& value);
};

constexpr std::array<key_rule, 10> rules{{
    {"name", set_name},
    {"key", set_key_type},
    {"value", [](map_config& map, const scalar& value) { map.types.value = type_of(value); }},
    {"max_bytes",
     [](map_config& map, const scalar& value) {
       map.wanted.max_bytes = bytes_of(value, least_bytes, most_bytes);
     }},
    {"max_entries",
     [](map_config& map, const scalar& value) {
       map.wanted.max_entries = number_of(value, 0, most_entries);
     }},
    {"slot_bytes", set_slot_bytes},
    {"max_writers",
     [](map_config& map, const scalar& value) {
       map.wanted.max_writers = static_cast<std::uint32_t>(number_of(value, 1, most_writers));
     }},
    {"mode", [](map_config& map, const scalar& value) { map.wanted.mode = mode_of(value); }},
    {"group", [](map_config& map, const scalar& value) { map.wanted.group = group_of(value); }},
    {"huge_pages",
     [](map_config& map, const scalar& value) { map.wanted.huge_pages = flag_of(value); }},
}};

}  // namespace

bool set_map_key(map_config& map, const std::string& key, const scalar& value) {
  const auto rule = std::find_if(rules.begin(), rules.end(),
                                 [&](const key_rule& each) { return each.name == key; });
  if (rule == rules.end()) return false;
  rule->set(map, value);
  map.given.push_back(key);
  return true;
}

void check_map(const map_config& map) {
  for (const auto& [key, value] : {std::pair{"name", &map.name}, std::pair{"key", &map.types.key},
                                   std::pair{"value", &map.types.value}})
    if (value->empty()) throw value_error(fmt::format("{} is missing", key));
  // What is there before the first key; the library counts exactly when the map is made.
  const twinmap::options& wanted = map.wanted;
  const std::uint64_t slot = std::max<std::uint64_t>(wanted.slot_bytes, least_slot);
  const std::uint64_t fixed =
      wanted.max_writers * 512ull + wanted.max_entries * (slot + 4) + (256ull << 10);
  if (fixed > wanted.max_bytes)
    throw value_error(
        fmt::format("max_bytes is {}, max_entries {} and max_writers {} take {} bytes",
                    wanted.max_bytes, wanted.max_entries, wanted.max_writers, fixed));
}

}  // namespace twinmapd
