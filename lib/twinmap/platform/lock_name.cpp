#include <twinmap/platform/file_access.hpp>
#include <twinmap/platform/huge_pages.hpp>
#include <twinmap/platform/lock_name.hpp>
#include <twinmap/platform/new_file.hpp>
#include <twinmap/platform/take_name.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <cerrno>
#include <cstring>
#include <thread>

namespace twinmap::platform {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::array<char, 8> lock_magic = {'t', 'w', 'i', 'n', 'l', 'o', 'c', 'k'};
constexpr std::uint64_t lock_version = 1;

enum class verdict { ours, left_over, foreign, other_version };

std::optional<lock_file::header> header_of(int file) noexcept {
  lock_file::header found;
  if (::pread(file, &found, sizeof found, 0) != sizeof found) return std::nullopt;
  if (found.magic != lock_magic) return std::nullopt;
  return found;
}

verdict judge(int file, const segment_uuid& uuid) noexcept {
  const auto found = header_of(file);
  if (!found) return verdict::foreign;
  if (found->version != lock_version) return verdict::other_version;
  return found->segment == uuid ? verdict::ours : verdict::left_over;
}

struct request {
  const map_location& where;
  const segment_file& segment;
  const segment_uuid& uuid;
  const ownership& owner;
  clock::time_point deadline;
};

void require_current(const request& r) {
  if (identity_of(r.where.segment_path()) == r.segment.identity()) return;
  raise(errc::not_found, r.where.name, "the map was removed while it was being attached");
}

// Nobody but those who can write the segment could have been meant to make this file.
void require_trust(const request& r, const struct stat& found, const struct stat& segment) {
  const std::string path = r.where.lock_path();
  require_regular(r.where.name, path, found);
  const bool known_owner =
      found.st_uid == ::geteuid() || found.st_uid == 0 || found.st_uid == segment.st_uid;
  const bool through_group = (segment.st_mode & S_IWGRP) != 0 && found.st_gid == segment.st_gid;
  const bool anybody = (segment.st_mode & S_IWOTH) != 0;
  if (!known_owner && !through_group && !anybody) {
    raise(errc::permission_denied, r.where.name,
          describe(path, found) + " was made by somebody who may not write the map");
  }
  if ((found.st_mode & S_IWOTH) != 0 && !anybody) {
    raise(errc::permission_denied, r.where.name,
          describe(path, found) + " can be written by anybody");
  }
}

// A lock file that its segment's owner cannot open would shut him out.
ownership owner_of_lock(const request& r, const struct stat& segment) {
  ownership result;
  result.mode = lock_mode(r.owner.mode);
  result.group = segment.st_gid;
  return result;
}

void hand_to_owner(int file, const struct stat& segment) noexcept {
  if (segment.st_uid == ::geteuid()) return;
  // Refused unless I am root; then the owner gets in through the group, or as anybody, as I did
  // with his segment.
  const int result = ::fchown(file, segment.st_uid, static_cast<gid_t>(-1));
  static_cast<void>(result);
}

// hugetlbfs has no write(2). The page is allocated first: touched without, it could be SIGBUS (P7).
// False leaves errno.
bool write_through_mapping(int file, const lock_file::header& content) noexcept {
  const std::size_t length = mapping_unit(file);
  if (::ftruncate(file, static_cast<off_t>(length)) != 0 ||
      ::fallocate(file, 0, 0, static_cast<off_t>(length)) != 0)
    return false;
  void* const start =
      ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
  if (start == MAP_FAILED) return false;
  std::memcpy(start, &content, sizeof content);
  ::munmap(start, length);
  return true;
}

bool write_header(int file, const lock_file::header& content) noexcept {
  if (hugetlbfs_page(file) != 0) return write_through_mapping(file, content);
  return ::pwrite(file, &content, sizeof content, 0) == ssize_t{sizeof content};
}

// An empty result: somebody else's file got the name first.
unique_descriptor make(const request& r, const struct stat& segment) {
  // Made in time: a file with a temporary name is not to stay for want of memory.
  const std::string lock_path = r.where.lock_path();
  const std::string segment_path = r.where.segment_path();
  new_file made = make_new_file(r.where.name, lock_path, owner_of_lock(r, segment));
  const lock_file::header content = {lock_magic, lock_version, r.uuid};
  hand_to_owner(made.file.get(), segment);
  if (!write_header(made.file.get(), content)) {
    const int error = errno;
    drop_temporary_name(made.temporary_path);
    raise_system(error, r.where.name, "cannot write " + lock_path);
  }
  if (!give_name(r.where.name, made.file.get(), made.temporary_path, lock_path)) return {};
  // If the segment lost its name before the file got its own, others may have had another lock file
  // for it.
  if (identity_of(segment_path) != r.segment.identity()) {
    const struct stat mine = status_of(r.where.name, lock_path, made.file.get());
    try_take_name(name_of_file(lock_path, identity_from(mine)), made.file.get());
    require_current(r);
  }
  return std::move(made.file);
}

void pause_before_retry(const request& r) {
  if (clock::now() >= r.deadline) {
    raise(errc::lock_timeout, r.where.name,
          "somebody holds byte 0 of " + r.where.lock_path() + ", the left-over of an earlier map");
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

// Its segment has lost its name: `file` was seen under the lock file's name before this request's
// segment was seen to have its own, and names are given once.
void take_from_left_over(const request& r, const struct stat& found, int file) {
  const name_of_file name(r.where.lock_path(), identity_from(found));
  const name_taken result = try_take_name(name, file);
  const int error = errno;
  if (result == name_taken::not_now) pause_before_retry(r);
  if (result == name_taken::refused)
    raise_system(error, r.where.name, "cannot remove " + describe(name.path, found));
}

// One look at the name. An empty result: look again.
unique_descriptor look(const request& r, const struct stat& segment) {
  const std::string path = r.where.lock_path();
  struct stat ignored;
  if (::lstat(path.c_str(), &ignored) != 0 && errno == ENOENT) {
    require_current(r);
    return make(r, segment);
  }
  unique_descriptor file;
  try {
    file = open_existing(r.where.name, path, access::read_write);
  } catch (const error& failure) {
    if (failure.code() == errc::not_found) return {};
    throw;
  }
  const struct stat found = status_of(r.where.name, path, file.get());
  require_trust(r, found, segment);
  switch (judge(file.get(), r.uuid)) {
    case verdict::ours:
      // Seen after the lock file: then this file is the only one that the segment ever had. Without
      // the look, it could be the one that `make` is about to take back.
      require_current(r);
      return file;
    case verdict::other_version:
      raise(errc::incompatible_layout, r.where.name,
            path + ": version is " + std::to_string(header_of(file.get())->version) +
                ", expected " + std::to_string(lock_version));
    case verdict::foreign:
      raise(errc::corrupted, r.where.name, path + " is not a lock file of twinmap");
    case verdict::left_over:
      break;
  }
  require_current(r);
  take_from_left_over(r, found, file.get());
  // Whoever left this over may have left more.
  clear_graves(r.where.directory);
  return {};
}

}  // namespace

bool is_lock_file(int file) noexcept {
  return header_of(file).has_value();
}

mode_t lock_mode(mode_t segment_mode) noexcept {
  mode_t mode = 0600;  // the owner can give himself w at any time
  if ((segment_mode & S_IWGRP) != 0) mode |= S_IRGRP | S_IWGRP;
  if ((segment_mode & S_IWOTH) != 0) mode |= S_IROTH | S_IWOTH;
  return mode;
}

unique_descriptor open_lock_of(const map_location& where, const segment_file& segment,
                               const segment_uuid& uuid, const ownership& owner,
                               std::chrono::nanoseconds patience) {
  const request r = {where, segment, uuid, owner, clock::now() + patience};
  const struct stat status = status_of(where.name, where.segment_path(), segment.descriptor());
  // Each turn that finds nothing means that somebody else changed the name: the bound only ends a
  // quarrel with a program that makes and removes such files for ever.
  for (int turn = 0; turn != 100'000; ++turn) {
    if (unique_descriptor file = look(r, status)) return file;
  }
  raise(errc::corrupted, where.name, where.lock_path() + " keeps changing");
}

}  // namespace twinmap::platform
