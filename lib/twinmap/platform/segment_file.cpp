#include <twinmap/platform/cancel_guard.hpp>
#include <twinmap/platform/huge_pages.hpp>
#include <twinmap/platform/new_file.hpp>
#include <twinmap/platform/segment_file.hpp>

#include <boost/interprocess/exceptions.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <cerrno>
#include <utility>

namespace twinmap::platform {
namespace {

namespace ipc = boost::interprocess;

// What boost's mapped_region wants of a file. Boost's own file_mapping opens by name, and ours may
// have none.
struct mappable {
  int file;
  [[nodiscard]] ipc::mapping_handle_t get_mapping_handle() const noexcept {
    return ipc::ipcdetail::mapping_handle_from_file_handle(file);
  }
};

// Where there is a limit on the size of files, growing past it kills the process with SIGXFSZ.
void check_size_limit(const std::string& map, std::uint64_t size) {
  struct rlimit limit;
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur >= size) return;
  raise_system(EFBIG, map,
               "max_bytes of " + std::to_string(size) +
                   " is over this process's file size limit of " + std::to_string(limit.rlim_cur));
}

constexpr int interrupted_attempts = 1000;

int allocate(int file, std::uint64_t offset, std::uint64_t length) noexcept {
  for (int attempt = 0; attempt != interrupted_attempts; ++attempt) {
    if (::fallocate(file, 0, static_cast<off_t>(offset), static_cast<off_t>(length)) == 0) return 0;
    if (errno != EINTR) return errno;
  }
  return EINTR;
}

int punch(int file, std::uint64_t offset, std::uint64_t length) noexcept {
  for (int attempt = 0; attempt != interrupted_attempts; ++attempt) {
    if (::fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                    static_cast<off_t>(length)) == 0)
      return 0;
    if (errno != EINTR) return errno;
  }
  return EINTR;
}

}  // namespace

segment_file::segment_file(segment_file&& other) noexcept {
  *this = std::move(other);
}

segment_file& segment_file::operator=(segment_file&& other) noexcept {
  if (this == &other) return *this;
  close();
  descriptor_ = std::exchange(other.descriptor_, -1);
  access_ = other.access_;
  identity_ = other.identity_;
  hugetlbfs_ = other.hugetlbfs_;
  huge_pages_ = other.huge_pages_;
  temporary_path_ = std::exchange(other.temporary_path_, std::string());
  region_.swap(other.region_);
  return *this;
}

segment_file::~segment_file() {
  close();
}

void segment_file::close() noexcept {
  const cancel_guard no_cancellation;
  drop_temporary_name(temporary_path_);
  // If the program closed it behind our back, the number may be another file's by now.
  if (is_file(descriptor_, identity_)) ::close(descriptor_);
  descriptor_ = -1;
  ipc::mapped_region().swap(region_);
}

segment_file segment_file::create(const map_location& where, std::uint64_t size,
                                  const ownership& owner) {
  check_size_limit(where.name, size);
  new_file made = make_new_file(where.name, where.segment_path(), owner);
  segment_file result;
  result.temporary_path_ = std::move(made.temporary_path);
  if (::ftruncate(made.file.get(), static_cast<off_t>(size)) != 0) {
    raise_system(errno, where.name,
                 "cannot make a file of " + std::to_string(size) + " bytes in " + where.directory);
  }
  result.access_ = access::read_write;
  result.descriptor_ = made.file.release();
  result.map(where.name, size);
  return result;
}

bool segment_file::publish(const map_location& where) {
  return give_name(where.name, descriptor_, temporary_path_, where.segment_path());
}

namespace {

// Without MAP_NORESERVE hugetlbfs would set pages aside for the whole of the file. Elsewhere it
// means nothing for a shared mapping of a file.
ipc::mapped_region map_region(int file, ipc::mode_t mode, std::uint64_t size) {
#if !defined(MAP_FIXED_NOREPLACE)
  constexpr int MAP_FIXED_NOREPLACE = 0x100000;
#endif
  if (void* const aligned = find_aligned_address(size); aligned != nullptr) {
    try {
      return {mappable{file}, mode, 0, size, aligned, MAP_NORESERVE | MAP_FIXED_NOREPLACE};
    } catch (const ipc::interprocess_exception&) {
      // Another thread was faster, or hugetlbfs has pages that are larger: wherever it fits, then.
    }
  }
  return {mappable{file}, mode, 0, size, nullptr, MAP_NORESERVE};
}

}  // namespace

void segment_file::map(const std::string& map_name, std::uint64_t size) {
  struct stat status;
  if (::fstat(descriptor_, &status) != 0) raise_system(errno, map_name, "cannot examine the file");
  identity_ = identity_from(status);
  hugetlbfs_ = hugetlbfs_page(descriptor_) != 0;
  const auto mode = access_ == access::read_only ? ipc::read_only : ipc::read_write;
  try {
    map_region(descriptor_, mode, size).swap(region_);
  } catch (const ipc::interprocess_exception& failure) {
    raise_system(failure.get_native_error(), map_name,
                 "cannot map " + std::to_string(size) + " bytes");
  }
  // A core dump of gigabytes of other people's data helps nobody. Not fatal where it is refused.
  ::madvise(region_.get_address(), region_.get_size(), MADV_DONTDUMP);
}

void segment_file::ask_for_huge_pages() noexcept {
  huge_pages_ = !hugetlbfs_;
  // A mount with huge=advise gives them to such mappings only. Refused without harm elsewhere.
  if (huge_pages_) ::madvise(region_.get_address(), region_.get_size(), MADV_HUGEPAGE);
}

// (P7) A full file system is found out here, as an error code, and not later as SIGBUS.
std::error_code segment_file::commit(std::uint64_t offset, std::uint64_t length) noexcept {
  if (length == 0) return {};
  if (offset > size() || length > size() - offset || access_ != access::read_write) {
    return std::make_error_code(std::errc::invalid_argument);
  }
  const cancel_guard no_cancellation;
  int error = EOPNOTSUPP;
  // (P6) Through a descriptor that has become another file's, somebody else's file would grow.
  if (is_file(descriptor_, identity_)) {
    // What came if the rest fails stays with the file: the next commit of this range finds it.
    if (huge_pages_) take_huge_pages(descriptor_, base(), offset, length);
    error = allocate(descriptor_, offset, length);
  }
  if (error == EOPNOTSUPP || error == ENOSYS) {
    const std::uint64_t page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const std::uint64_t start = offset / page * page;
    error = populate(base() + start, length + (offset - start));
  }
  return error == 0 ? std::error_code() : code_of(error);
}

std::error_code segment_file::give_back(std::uint64_t offset, std::uint64_t length) noexcept {
  if (length == 0) return {};
  if (offset > size() || length > size() - offset || access_ != access::read_write)
    return std::make_error_code(std::errc::invalid_argument);
  if (hugetlbfs_) return std::make_error_code(std::errc::not_supported);
  const cancel_guard no_cancellation;
  // (P6) As in `commit`: here it would be a hole in somebody else's file.
  int error = EOPNOTSUPP;
  if (is_file(descriptor_, identity_)) error = punch(descriptor_, offset, length);
  if (error == EOPNOTSUPP || error == ENOSYS)
    error = ::madvise(base() + offset, length, MADV_REMOVE) == 0 ? 0 : errno;
  return error == 0 ? std::error_code() : code_of(error);
}

segment_file::file_system segment_file::space() const noexcept {
  struct statvfs found;
  if (!is_file(descriptor_, identity_) || ::fstatvfs(descriptor_, &found) != 0) return {};
  return {std::uint64_t{found.f_blocks} * found.f_frsize,
          std::uint64_t{found.f_bavail} * found.f_frsize};
}

std::uint64_t segment_file::resident_bytes() const noexcept {
  struct stat status;
  if (::fstat(descriptor_, &status) != 0 || identity_from(status) != identity_) return 0;
  return static_cast<std::uint64_t>(status.st_blocks) * 512;
}

}  // namespace twinmap::platform
