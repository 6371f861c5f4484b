#include <cli/exit_code.hpp>
#include <twinmap/error.hpp>

#include <system_error>

namespace twinmap::cli {
namespace {

exit_code exit_code_of(errc code) noexcept {
  switch (code) {
    case errc::not_found:
    case errc::retired:  // the name went away while the verb ran
      return exit_code::not_found;
    case errc::already_exists:
      return exit_code::conflict;
    case errc::type_mismatch:
    case errc::incompatible_layout:
    case errc::corrupted:
      return exit_code::corrupt;
    case errc::permission_denied:
    case errc::read_only:
      return exit_code::permission;
    case errc::no_space:
    case errc::too_many_entries:
    case errc::too_many_writers:
      return exit_code::full;
    case errc::lock_timeout:
      return exit_code::timeout;
    case errc::invalid_name:
    case errc::key_too_long:
    case errc::value_too_long:
      return exit_code::usage;
    case errc::not_attached:
    case errc::unsupported_platform:
      return exit_code::failure;
  }
  return exit_code::failure;
}

}  // namespace

exit_code exit_code_of(const std::exception& failure) noexcept {
  if (const auto* outcome = dynamic_cast<const verb_failure*>(&failure)) return outcome->code();
  const bool usage = dynamic_cast<const usage_error*>(&failure) != nullptr ||
                     dynamic_cast<const std::invalid_argument*>(&failure) != nullptr;
  if (usage) return exit_code::usage;
  const auto* system = dynamic_cast<const std::system_error*>(&failure);
  if (system == nullptr) return exit_code::failure;
  if (system->code().category() == error_category()) {
    return exit_code_of(static_cast<errc>(system->code().value()));
  }
  if (system->code() == std::errc::permission_denied ||
      system->code() == std::errc::operation_not_permitted) {
    return exit_code::permission;
  }
  if (system->code() == std::errc::no_space_on_device) return exit_code::full;
  if (system->code() == std::errc::no_such_file_or_directory) return exit_code::not_found;
  return exit_code::failure;
}

}  // namespace twinmap::cli
