#include <twinmap/bytes_map.hpp>
#include <twinmap/describe.hpp>

#include <array>
#include <charconv>
#include <stdexcept>

namespace twinmap {
namespace {

constexpr std::string_view struct_prefix = "struct:";

struct number_type {
  std::string_view name;
  std::uint32_t size;
};
constexpr std::array<number_type, 11> number_types{{{"u8", 1},
                                                    {"u16", 2},
                                                    {"u32", 4},
                                                    {"u64", 8},
                                                    {"i8", 1},
                                                    {"i16", 2},
                                                    {"i32", 4},
                                                    {"i64", 8},
                                                    {"f32", 4},
                                                    {"f64", 8},
                                                    {"bool", 1}}};

/// The size at the end of "struct:NAME:SIZE".
std::uint32_t struct_size(const std::string& name) {
  const std::size_t colon = name.rfind(':');
  std::uint32_t size = 0;
  const char* end = name.data() + name.size();
  const auto [stop, failure] = std::from_chars(name.data() + colon + 1, end, size);
  if (colon <= struct_prefix.size() || failure != std::errc() || stop != end || size == 0)
    throw std::invalid_argument("twinmap: the type '" + name + "' is not written struct:NAME:SIZE");
  return size;
}

}  // namespace

protocol::type_request detail::type_of_name(const std::string& name) {
  if (name.empty() || name.size() > max_type_name)
    throw std::invalid_argument("twinmap: the name of a type has 1 to " +
                                std::to_string(max_type_name) + " bytes");
  for (const number_type& type : number_types)
    if (type.name == name) return {name, type.size};
  if (name.starts_with(struct_prefix)) return {name, struct_size(name)};
  return {name, 0};
}

protocol::type_request detail::key_type_of_name(const std::string& name) {
  if (name == "f32" || name == "f64")
    throw std::invalid_argument(
        "twinmap: a floating-point key is refused: equal numbers may differ in their bytes");
  return type_of_name(name);
}

std::unique_ptr<protocol::handle> bytes_map::attach_typed(protocol::attach_mode mode,
                                                          const std::string& name,
                                                          const type_names& types,
                                                          const twinmap::options& wanted,
                                                          std::uint64_t layout) {
  protocol::attach_request request = detail::make_request(mode, name, wanted);
  request.key = detail::key_type_of_name(types.key);
  request.value = detail::type_of_name(types.value);
  return detail::attach(request, layout);
}

std::unique_ptr<protocol::handle> bytes_map::attach_any(protocol::attach_mode mode,
                                                        const std::string& name,
                                                        const twinmap::options& wanted,
                                                        std::uint64_t layout) {
  return detail::attach(detail::make_request(mode, name, wanted), layout);
}

}  // namespace twinmap
