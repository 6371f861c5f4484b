// The C interface: what went wrong, per thread and in words.

#include <twinmap/c_support.hpp>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <new>
#include <stdexcept>
#include <string>

namespace twinmap::c {
namespace {

/// The calling thread's last failure. No allocation, so that a lack of memory can be told.
struct last_failure {
  int errno_value = 0;
  std::array<char, 1024> text{};
};
constinit thread_local last_failure last;

void copy_text(std::array<char, 1024>& to, const char* from) noexcept {
  std::snprintf(to.data(), to.size(), "%s", from);
}

/// Names of the statuses that are no errc, as they stand in texts.
const char* own_name(twinmap_status status) noexcept {
  switch (status) {
    case TWINMAP_BUFFER_TOO_SMALL:
      return "buffer_too_small";
    case TWINMAP_INVALID_ARGUMENT:
      return "invalid_argument";
    case TWINMAP_NO_MEMORY:
      return "no_memory";
    default:
      return "system";
  }
}

const char* name_of_status(twinmap_status status) noexcept {
  return status < TWINMAP_BUFFER_TOO_SMALL ? name_of(static_cast<errc>(status)).data()
                                           : own_name(status);
}

}  // namespace

twinmap_status fail(twinmap_status status, int errno_value, const char* text) noexcept {
  last.errno_value = errno_value;
  copy_text(last.text, text);
  return status;
}

twinmap_status refuse(twinmap_status status, const char* map, const char* format, ...) noexcept {
  std::array<char, 512> detail{};
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(detail.data(), detail.size(), format, arguments);
  va_end(arguments);
  last.errno_value = 0;
  std::snprintf(last.text.data(), last.text.size(), "twinmap '%s': %s: %s", map,
                name_of_status(status), detail.data());
  return status;
}

twinmap_status fail_with_current_exception() noexcept {
  try {
    throw;
  } catch (const std::system_error& e) {
    if (e.code().category() == error_category())
      return fail(static_cast<twinmap_status>(e.code().value()), 0, e.what());
    const bool of_system = e.code().category() == std::system_category() ||
                           e.code().category() == std::generic_category();
    return fail(TWINMAP_SYSTEM_ERROR, of_system ? e.code().value() : 0, e.what());
  } catch (const std::bad_alloc&) {
    return fail(TWINMAP_NO_MEMORY, 0, "twinmap: no_memory: this process has no memory left");
  } catch (const std::length_error&) {  // of a container asked for more than there can be
    return fail(TWINMAP_NO_MEMORY, 0, "twinmap: no_memory: this process has no memory left");
  } catch (const std::invalid_argument& e) {
    return fail(TWINMAP_INVALID_ARGUMENT, 0, e.what());
  } catch (const std::exception& e) {
    return fail(TWINMAP_SYSTEM_ERROR, 0, e.what());
  } catch (...) {
    return fail(TWINMAP_SYSTEM_ERROR, 0, "twinmap: system: an exception of an unknown type");
  }
}

}  // namespace twinmap::c

extern "C" {

const char* twinmap_last_error() {
  return twinmap::c::last.text.data();
}

int twinmap_last_errno() {
  return twinmap::c::last.errno_value;
}

const char* twinmap_strerror(twinmap_status status) {
  switch (status) {
    case TWINMAP_OK:
      return "success";
    case TWINMAP_NOT_FOUND:
      return "no such key or map";
    case TWINMAP_BUFFER_TOO_SMALL:
      return "the buffer is too small";
    case TWINMAP_INVALID_ARGUMENT:
      return "invalid argument";
    case TWINMAP_NO_MEMORY:
      return "this process has no memory left";
    case TWINMAP_SYSTEM_ERROR:
      return "the system refused something";
    default:
      return twinmap::meaning_of(static_cast<twinmap::errc>(status));
  }
}

const char* twinmap_version() {
  return TWINMAP_VERSION;
}
}
