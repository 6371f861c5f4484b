#include <twinmap/platform/fork_guard.hpp>
#include <twinmap/platform/ofd_lock.hpp>
#include <twinmap/platform/take_name.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <array>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

namespace twinmap::platform {
namespace {

// Shared by who may be about to rename the file.
constexpr std::uint64_t name_byte = 0;

// Behind it come the file's name and its inode number. Temporary files, which are removed when they
// are old, begin otherwise.
constexpr std::string_view grave_prefix = ".removed.";
constexpr std::string_view graves_of_maps = ".removed.twinmap.";

std::string inode_suffix(const file_identity& file) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), ".%llx", static_cast<unsigned long long>(file.inode));
  return text.data();
}

std::string grave_of(std::string_view path, const file_identity& file) {
  const std::size_t start = path.rfind('/') + 1;
  return std::string(path.substr(0, start))
      .append(grave_prefix)
      .append(path.substr(start))
      .append(inode_suffix(file));
}

// What kept us from it counts only if the name still leads to the file.
name_taken unless_gone(name_taken otherwise, const name_of_file& name) noexcept {
  const int error = errno;
  if (!name.leads_to_it()) return name_taken::by_another;
  errno = error;
  return otherwise;
}

name_taken without_the_byte(const name_of_file& name) noexcept {
  const bool busy = errno == EAGAIN || errno == EACCES;
  return unless_gone(busy ? name_taken::not_now : name_taken::refused, name);
}

// The guard: a child that is forked now would share the description, and keep the byte locked.
name_taken unlink_alone(const name_of_file& name, int file) noexcept {
  fork_guard guard;
  const std::scoped_lock guarded(guard);
  if (!try_lock_byte(file, name_byte)) return without_the_byte(name);
  name_taken result = name_taken::by_another;
  if (name.leads_to_it())
    result = ::unlink(name.path.c_str()) == 0 ? name_taken::by_us : name_taken::refused;
  const int error = errno;
  unlock_byte(file, name_byte);
  errno = error;
  return result;
}

// The name leads to the file no more, and never will again: whoever shares the byte from now on is
// not going to rename.
void remove_grave(const char* grave, int file) noexcept {
  if (byte_is_shared(file, name_byte) == 0) ::unlink(grave);
}

void clear(const std::string& directory, const char* name) {
  const std::string path = directory + "/" + name;
  const unique_descriptor file(
      ::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status;
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  // Then it was moved here, and has lost its name.
  if (std::string_view(name).ends_with(inode_suffix(identity_from(status))))
    remove_grave(path.c_str(), file.get());
}

}  // namespace

name_of_file::name_of_file(std::string name, const file_identity& whose)
    : path(std::move(name)), file(whose), grave(grave_of(path, whose)) {}

bool name_of_file::leads_to_it() const noexcept {
  struct stat status;
  return ::lstat(path.c_str(), &status) == 0 && identity_from(status) == file;
}

name_taker::name_taker(const name_of_file& name, int file) noexcept
    : name_(name), file_(file), ready_(try_share_byte(file, name_byte)) {}

// Whoever of several lets the byte go last finds it free.
name_taker::~name_taker() {
  if (!ready_) return;
  const int error = errno;
  unlock_byte(file_, name_byte);
  if (!name_.leads_to_it()) remove_grave(name_.grave.c_str(), file_);
  errno = error;
}

name_taken name_taker::take() noexcept {
  if (!name_.leads_to_it()) return name_taken::by_another;
  if (::renameat2(AT_FDCWD, name_.path.c_str(), AT_FDCWD, name_.grave.c_str(), RENAME_NOREPLACE) ==
      0)
    return name_taken::by_us;
  if (errno == EINVAL || errno == ENOSYS) return unlink_alone(name_, file_);
  return unless_gone(name_taken::refused, name_);
}

name_taken try_take_name(const name_of_file& name, int file) noexcept {
  name_taker taker(name, file);
  return taker.ready() ? taker.take() : without_the_byte(name);
}

// A grave that stays for want of something is found again.
void clear_graves(const std::string& directory) noexcept try {
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(directory.c_str()), &::closedir);
  if (!entries) return;
  while (const dirent* entry = ::readdir(entries.get())) {
    if (std::string_view(entry->d_name).starts_with(graves_of_maps))
      clear(directory, entry->d_name);
  }
} catch (const std::exception&) {
}

}  // namespace twinmap::platform
