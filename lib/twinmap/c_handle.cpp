// The C interface: options, coming and going, and what a map tells about itself.

#include <twinmap/admin.hpp>
#include <twinmap/c_support.hpp>

#include <stdexcept>
#include <string>

namespace twinmap::c {
namespace {

/// A program may have been compiled when the structure was longer; what it sets beyond ours is an
/// option that we would have to ignore.
void check_unknown_options(const twinmap_options* from) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(from);
  if (std::any_of(bytes + std::min(from->struct_size, sizeof *from), bytes + from->struct_size,
                  [](unsigned char byte) { return byte != 0; }))
    throw std::invalid_argument(
        "twinmap: the options have fields that this version of the library does not know");
}

std::string name_of(const char* name) {
  if (name == nullptr) throw std::invalid_argument("twinmap: the name is NULL");
  return name;
}

protocol::attach_mode mode_of(twinmap_mode mode) {
  switch (mode) {
    case TWINMAP_CREATE_ONLY:
      return protocol::attach_mode::create_only;
    case TWINMAP_OPEN_OR_CREATE:
      return protocol::attach_mode::open_or_create;
    case TWINMAP_OPEN_ONLY:
      return protocol::attach_mode::open_only;
    case TWINMAP_OPEN_READ_ONLY:
      return protocol::attach_mode::open_read_only;
  }
  throw std::invalid_argument("twinmap: " + std::to_string(static_cast<int>(mode)) +
                              " is no twinmap_mode");
}

twinmap_options options_to_c(const options& from) noexcept {
  twinmap_options to{};
  to.struct_size = sizeof to;
  to.max_bytes = from.max_bytes;
  to.max_entries = from.max_entries;
  to.slot_bytes = from.slot_bytes;
  to.max_writers = from.max_writers;
  to.mode = from.mode;
  to.huge_pages = from.huge_pages ? 1 : 0;
  to.group = from.group ? std::int64_t{*from.group} : -1;
  to.directory = from.directory.empty() ? nullptr : from.directory.c_str();
  to.lock_timeout_ns = from.lock_timeout.count();
  to.trusted_owner = from.trusted_owner ? std::int64_t{*from.trusted_owner} : -1;
  to.on_retired = from.on_retired == on_retired::keep ? TWINMAP_KEEP : TWINMAP_FAIL;
  return to;
}

/// An id of the system, or nothing for -1.
std::optional<std::uint32_t> id_of(std::int64_t id, const char* what) {
  if (id == -1) return std::nullopt;
  if (id < -1 || id >= std::int64_t{~std::uint32_t{0}})
    throw std::invalid_argument("twinmap: " + std::to_string(id) + " is no " + what);
  return static_cast<std::uint32_t>(id);
}

}  // namespace

options from_c(const twinmap_options* from) {
  if (from == nullptr) return {};
  if (!has_size(from))
    throw std::invalid_argument(
        "twinmap: struct_size of the options is not set; begin with twinmap_options_init");
  check_unknown_options(from);
  twinmap_options known =
      options_to_c(options{});  // what an older program does not know has its default
  std::memcpy(&known, from, std::min(from->struct_size, sizeof known));
  if (known.on_retired != TWINMAP_FAIL && known.on_retired != TWINMAP_KEEP)
    throw std::invalid_argument("twinmap: " + std::to_string(known.on_retired) +
                                " is no twinmap_on_retired");
  return {.max_bytes = known.max_bytes,
          .max_entries = known.max_entries,
          .slot_bytes = known.slot_bytes,
          .max_writers = known.max_writers,
          .mode = known.mode,
          .group = id_of(known.group, "group id"),
          .huge_pages = known.huge_pages != 0,
          .directory = known.directory != nullptr ? known.directory : "",
          .lock_timeout = std::chrono::nanoseconds(known.lock_timeout_ns),
          .trusted_owner = id_of(known.trusted_owner, "user id"),
          .on_retired = known.on_retired == TWINMAP_KEEP ? on_retired::keep : on_retired::fail};
}

twinmap_map_info info_to_c(const map_info& info) noexcept {
  twinmap_map_info to{};
  to.struct_size = sizeof to;
  to.name = info.name.c_str();
  to.directory = info.directory.c_str();
  to.key_type = info.key_type.c_str();
  to.value_type = info.value_type.c_str();
  to.uuid = info.uuid.c_str();
  to.error = info.error.c_str();
  to.entries = info.entries;
  to.bytes_used = info.bytes_used;
  to.bytes_committed = info.bytes_committed;
  to.bytes_max = info.bytes_max;
  to.bytes_huge = info.bytes_huge;
  to.max_entries = info.max_entries;
  to.writers = info.writers;
  to.created_at = info.created_at;
  to.slot_bytes = info.slot_bytes;
  to.max_writers = info.max_writers;
  to.mode = info.mode;
  to.owner = info.owner;
  to.group = info.group;
  to.huge_pages = info.huge_pages ? 1 : 0;
  to.retired = info.retired ? 1 : 0;
  to.format = info.format;
  return to;
}

namespace {

/// The strings of `now` are those of the open map, which stay valid.
twinmap_map_info with_lasting_strings(const twinmap_map& map, const map_info& now) noexcept {
  twinmap_map_info to = info_to_c(now);
  const twinmap_map_info lasting = info_to_c(map.about);
  to.name = lasting.name;
  to.directory = lasting.directory;
  to.key_type = lasting.key_type;
  to.value_type = lasting.value_type;
  to.uuid = lasting.uuid;
  to.error = lasting.error;
  return to;
}

/// The answer to a question about a map.
template <class F>
twinmap_status answer(const twinmap_map* map, int* out, F&& f) noexcept {
  if (map == nullptr || out == nullptr) return missing(map, "the answer's place");
  *out = f(*map) ? 1 : 0;
  return TWINMAP_OK;
}

}  // namespace
}  // namespace twinmap::c

using namespace twinmap::c;

extern "C" {

void twinmap_options_init(twinmap_options* options) {
  // An older program has no more room than this. When a field is added, a program that is compiled
  // with it must be led to another function.
  static_assert(sizeof(twinmap_options) == 80);
  if (options != nullptr) *options = options_to_c(twinmap::options{});
}

twinmap_status twinmap_open(const char* name, twinmap_mode mode, const char* key_type,
                            const char* value_type, const twinmap_options* options,
                            twinmap_map** out) {
  if (out == nullptr) return refuse(TWINMAP_INVALID_ARGUMENT, "", "the map's place is NULL");
  *out = nullptr;
  return guarded([&] {
    auto request = twinmap::detail::make_request(mode_of(mode), name_of(name), from_c(options));
    if (key_type != nullptr) request.key = twinmap::detail::key_type_of_name(key_type);
    if (value_type != nullptr) request.value = twinmap::detail::type_of_name(value_type);
    *out = new twinmap_map(request, twinmap::detail::header_layout);
    return TWINMAP_OK;
  });
}

twinmap_status twinmap_close(twinmap_map* map) {
  delete map;
  return TWINMAP_OK;
}

twinmap_status twinmap_remove(const char* name, const twinmap_options* options) {
  return guarded([&] {
    if (twinmap::remove(name_of(name), from_c(options))) return TWINMAP_OK;
    return refuse(TWINMAP_NOT_FOUND, name, "there is no such map");
  });
}

twinmap_status twinmap_exists(const char* name, const twinmap_options* options) {
  return guarded([&] {
    return twinmap::exists(name_of(name), from_c(options)) ? TWINMAP_OK : TWINMAP_NOT_FOUND;
  });
}

twinmap_status twinmap_list(const twinmap_options* options,
                            int (*visit)(const twinmap_map_info* info, void* context),
                            void* context) {
  if (visit == nullptr) return refuse(TWINMAP_INVALID_ARGUMENT, "*", "the visitor is NULL");
  return guarded([&] {
    for (const twinmap::map_info& one : twinmap::list(from_c(options))) {
      const twinmap_map_info info = info_to_c(one);
      if (visit(&info, context) == 0) break;
    }
    return TWINMAP_OK;
  });
}

twinmap_status twinmap_promote(twinmap_map* map, int* promoted) {
  if (map == nullptr) return missing(map, "");
  return guarded([&] {
    const bool done = twinmap::promote(*map);
    if (promoted != nullptr) *promoted = done ? 1 : 0;
    return TWINMAP_OK;
  });
}

twinmap_status twinmap_info(const twinmap_map* map, twinmap_map_info* out) {
  if (map == nullptr || !has_size(out)) return missing(map, "the info, or its struct_size,");
  return guarded([&] {
    copy_out(with_lasting_strings(*map, map->info()), out);
    return TWINMAP_OK;
  });
}

twinmap_status twinmap_options_of(const twinmap_map* map, twinmap_options* out) {
  if (map == nullptr || !has_size(out)) return missing(map, "the options, or their struct_size,");
  copy_out(options_to_c(map->in_force), out);
  return TWINMAP_OK;
}

const char* twinmap_name(const twinmap_map* map) {
  return map != nullptr ? map->about.name.c_str() : nullptr;
}

twinmap_status twinmap_created(const twinmap_map* map, int* created) {
  return answer(map, created, [](const twinmap_map& m) { return m.created(); });
}

twinmap_status twinmap_read_only(const twinmap_map* map, int* read_only) {
  return answer(map, read_only, [](const twinmap_map& m) { return m.read_only(); });
}

twinmap_status twinmap_retired(const twinmap_map* map, int* retired) {
  return answer(map, retired, [](const twinmap_map& m) { return m.retired(); });
}
}
