// doctor: what the system gives to the directory, and what it takes away from it.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <cli/doctor.hpp>
#include <cli/sizes.hpp>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

namespace twinmap::cli {
namespace {

constexpr double nearly_full = 0.8;
constexpr double full = 0.98;

std::string error_text(int error) {
  return std::error_code(error, std::system_category()).message();
}

// "\040" and its like stand for what would end a field.
std::string unescaped(const std::string& field) {
  std::string text;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] == '\\' && i + 3 < field.size()) {
      text += static_cast<char>(std::stoi(field.substr(i + 1, 3), nullptr, 8));
      i += 3;
    } else {
      text += field[i];
    }
  }
  return text;
}

bool lies_under(const std::string& path, const std::string& point) {
  return point == "/" || path == point || path.starts_with(point + "/");
}

/// A file without a name in the directory, for trying what the kernel can do there.
class nameless_file {
 public:
  explicit nameless_file(const std::filesystem::path& directory)
      : descriptor_(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)),
        error_(descriptor_ < 0 ? errno : 0) {}
  nameless_file(const nameless_file&) = delete;
  nameless_file& operator=(const nameless_file&) = delete;
  ~nameless_file() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int descriptor() const { return descriptor_; }
  int error() const { return error_; }

 private:
  int descriptor_;
  int error_;
};

int error_of(long result) {
  return result == 0 ? 0 : errno;
}

int try_ofd_lock(int file) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_len = 1;
  return error_of(::fcntl(file, F_OFD_SETLK, &lock));
}

int try_link(int file, const std::filesystem::path& directory) {
  const std::string name = (directory / fmt::format(".twinmap-doctor.{}", ::getpid())).string();
  const std::string self = fmt::format("/proc/self/fd/{}", file);
  const int error =
      error_of(::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW));
  if (error == 0) ::unlink(name.c_str());
  return error;
}

// Only a kernel that does not know it says EINVAL; a full file system is another check's.
bool knows_populate(int file) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  if (::ftruncate(file, static_cast<off_t>(page)) != 0) return true;
  void* memory = ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) return true;
  const bool known = ::madvise(memory, page, MADV_POPULATE_WRITE) == 0 || errno != EINVAL;
  ::munmap(memory, page);
  return known;
}

// Without anything to wait for the call is refused by whoever knows it.
bool has_futex_waitv() {
  return ::syscall(SYS_futex_waitv, nullptr, 0, 0, nullptr, 0) == 0 || errno == EINVAL;
}

void examine_locks(examination& into, int file, std::string& missing) {
  if (const int error = try_ofd_lock(file)) {
    into.fail("kernel",
              fmt::format("no OFD locks on {}: {}", into.directory.string(), error_text(error)),
              "keep maps on a tmpfs or a local file system: --dir, TWINMAP_DIR");
  }
  if (const int error = try_link(file, into.directory))
    missing += fmt::format("linkat of a nameless file ({}), ", error_text(error));
  if (!knows_populate(file)) missing += "MADV_POPULATE_WRITE, ";
}

}  // namespace

std::optional<std::string> text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

std::vector<mount> mounts() {
  std::vector<mount> all;
  std::istringstream lines(text_of("/proc/self/mountinfo").value_or(""));
  for (std::string line; std::getline(lines, line);) {
    // number parent major:minor root POINT OPTIONS tag... - TYPE source OPTIONS
    std::istringstream fields(line);
    mount each;
    std::string skipped;
    std::string source;
    std::string of_file_system;
    for (int i = 0; i != 4; ++i)
      fields >> skipped;
    fields >> each.point >> each.options;
    while (fields >> skipped && skipped != "-") {
    }
    fields >> each.type >> source >> of_file_system;
    each.point = unescaped(each.point);
    each.options += "," + of_file_system;
    all.push_back(std::move(each));
  }
  return all;
}

std::optional<mount> mount_of(const std::filesystem::path& path) {
  std::optional<mount> found;
  for (mount& each : mounts()) {
    // Of several on one point the last is the one that is seen.
    if (lies_under(path.string(), each.point) &&
        (!found || each.point.size() >= found->point.size()))
      found = std::move(each);
  }
  return found;
}

std::optional<std::string> option_of(const std::string& options, const std::string& name) {
  std::istringstream all(options);
  for (std::string each; std::getline(all, each, ',');)
    if (each.starts_with(name + "=")) return each.substr(name.size() + 1);
  return std::nullopt;
}

void examine_directory(examination& into) {
  const std::string name = into.directory.string();
  struct statvfs room {};
  if (::statvfs(name.c_str(), &room) != 0 || ::access(name.c_str(), R_OK | X_OK) != 0) {
    const std::string why = error_text(errno);
    return into.fail("directory", fmt::format("{}: {}", name, why),
                     "--dir, or TWINMAP_DIR, must name a directory that you may read");
  }
  const std::uint64_t size = std::uint64_t{room.f_blocks} * room.f_frsize;
  const std::uint64_t free = std::uint64_t{room.f_bavail} * room.f_frsize;
  const std::string type = mount_of(into.directory).value_or(mount{{}, "unknown", {}}).type;
  const double used = size == 0 ? 0 : 1 - static_cast<double>(free) / static_cast<double>(size);
  const std::string text = size == 0
                               ? fmt::format("{}: {} without a size of its own", name, type)
                               : fmt::format("{}: {} of {}, {:.0f} % used, {} free", name, type,
                                             show_bytes(size), used * 100, show_bytes(free));
  const std::string point = mount_of(into.directory).value_or(mount{}).point;
  const std::string larger = fmt::format(
      "remove maps that nobody needs (twinmap ls), or give it more room: mount -o "
      "remount,size=SIZE {}, and in /etc/fstab",
      point);
  if (size != 0 && used >= full) return into.fail("directory", text, larger);
  if (size != 0 && used >= nearly_full) return into.warn("directory", text, larger);
  if (room.f_files != 0 && room.f_favail == 0)
    return into.fail("directory", text + ", no inode free", larger);
  if (type != "tmpfs" && type != "ramfs" && type != "hugetlbfs") {
    return into.warn("directory", text + ": what maps hold is written to a disk",
                     "fine if that is wanted; else keep maps on a tmpfs such as /dev/shm");
  }
  into.ok("directory", text);
}

void examine_kernel(examination& into) {
  utsname kernel{};
  ::uname(&kernel);
  const std::size_t before = into.findings().size();
  std::string missing;
  const nameless_file file(into.directory);
  if (file.descriptor() >= 0) {
    examine_locks(into, file.descriptor(), missing);
  } else if (file.error() != EACCES && file.error() != EROFS && file.error() != ENOENT) {
    missing += fmt::format("O_TMPFILE ({}), ", error_text(file.error()));
  }
  if (!has_futex_waitv()) missing += "futex_waitv (the daemon needs it), ";
  if (into.findings().size() != before) return;
  if (!missing.empty()) {
    missing.resize(missing.size() - 2);
    return into.warn("kernel", fmt::format("{} lacks: {}", kernel.release, missing),
                     "Linux 5.16 or newer has them; without them maps work, with detours");
  }
  into.ok("kernel", fmt::format("{}: {}futex_waitv", kernel.release,
                                file.descriptor() < 0
                                    ? "file features not tried (no write permission), "
                                    : "OFD locks, O_TMPFILE and linkat, MADV_POPULATE_WRITE, "));
}

}  // namespace twinmap::cli
