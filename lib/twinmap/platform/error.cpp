#include <twinmap/platform/error.hpp>

#include <cerrno>
#include <string_view>

namespace twinmap {
namespace {

struct description {
  errc code;
  std::string_view name;
  const char* meaning;
  std::errc
      generic;  // what a program that knows only std::errc may compare with; {} if nothing fits
};

constexpr description descriptions[] = {
    {errc::not_found, "not_found", "no such map", std::errc::no_such_file_or_directory},
    {errc::already_exists, "already_exists", "the map exists already", std::errc::file_exists},
    {errc::type_mismatch, "type_mismatch", "the map was made for other types", {}},
    {errc::incompatible_layout, "incompatible_layout",
     "the map has a format or feature that this library does not know", std::errc::not_supported},
    {errc::corrupted, "corrupted", "the map's file contradicts itself", {}},
    {errc::permission_denied, "permission_denied", "permission denied",
     std::errc::permission_denied},
    {errc::no_space, "no_space", "the map or its file system is full",
     std::errc::no_space_on_device},
    {errc::too_many_entries, "too_many_entries", "all entry slots are in use", {}},
    {errc::too_many_writers, "too_many_writers", "all writer leases are held", {}},
    {errc::lock_timeout, "lock_timeout", "the map's mutex was not free in time",
     std::errc::timed_out},
    {errc::read_only, "read_only", "the map is attached read-only",
     std::errc::operation_not_permitted},
    {errc::invalid_name, "invalid_name", "not a valid map name", std::errc::invalid_argument},
    {errc::key_too_long, "key_too_long", "the key is too long", std::errc::argument_out_of_domain},
    {errc::value_too_long, "value_too_long", "the value is too long", std::errc::value_too_large},
    {errc::retired, "retired", "the map's name was removed", {}},
    {errc::not_attached, "not_attached", "the handle is not attached to a map", {}},
    {errc::unsupported_platform, "unsupported_platform",
     "this machine lacks something that twinmap relies upon", std::errc::not_supported},
};

const description* find(int value) noexcept {
  for (const description& d : descriptions) {
    if (static_cast<int>(d.code) == value) return &d;
  }
  return nullptr;
}

class category final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "twinmap"; }

  [[nodiscard]] std::string message(int value) const override {
    const description* d = find(value);
    return d != nullptr ? d->meaning : "unknown twinmap error " + std::to_string(value);
  }

  [[nodiscard]] std::error_condition default_error_condition(int value) const noexcept override {
    const description* d = find(value);
    if (d == nullptr || d->generic == std::errc{}) return {value, *this};
    return std::make_error_condition(d->generic);
  }
};

std::string sentence(std::string_view code, const std::string& map, const std::string& detail) {
  return "twinmap '" + map + "': " + std::string(code) + ": " + detail;
}

}  // namespace

const std::error_category& error_category() noexcept {
  static const category instance;
  return instance;
}

std::string_view name_of(errc code) noexcept {
  const description* d = find(static_cast<int>(code));
  return d != nullptr ? d->name : std::string_view("unknown");
}

const char* meaning_of(errc code) noexcept {
  const description* d = find(static_cast<int>(code));
  return d != nullptr ? d->meaning : "unknown twinmap error";
}

error::error(std::error_code code, const std::string& text)
    : std::system_error(code, text), text_(text) {}

error::~error() = default;

void raise(errc code, const std::string& map, const std::string& detail) {
  throw error(make_error_code(code), sentence(name_of(code), map, detail));
}

void raise_system(int errno_value, const std::string& map, const std::string& detail) {
  const std::error_code code = code_of(errno_value);
  const std::string reason = std::error_code(errno_value, std::system_category()).message() +
                             " (errno " + std::to_string(errno_value) + ")";
  const std::string_view name =
      code.category() == error_category() ? name_of(static_cast<errc>(code.value())) : "system";
  throw error(code, sentence(name, map, detail + ": " + reason));
}

std::error_code code_of(int errno_value) noexcept {
  switch (errno_value) {
    case ENOENT:
      return errc::not_found;
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP:
      return errc::permission_denied;
    case ENOSPC:
    case EDQUOT:
      return errc::no_space;
    default:
      return {errno_value, std::system_category()};
  }
}

}  // namespace twinmap
