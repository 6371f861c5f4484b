#include "image.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <twinmap/platform/robust_mutex.hpp>
#include <twinmap/storage/layout.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <system_error>
#include <utility>

namespace step_tests {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::system_category(), what);
}

class open_file {
 public:
  open_file(const std::filesystem::path& path, int flags, mode_t mode = 0)
      : file_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {
    if (file_ < 0) fail(path);
  }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  ~open_file() { ::close(file_); }
  operator int() const { return file_; }

 private:
  int file_;
};

std::uint64_t blocks_of(int file) {
  struct stat status {};
  if (::fstat(file, &status) != 0) fail("fstat");
  return static_cast<std::uint64_t>(status.st_blocks);
}

// A page that has no memory gets some when it is read through a mapping, and loses it again here.
std::vector<std::uint32_t> resident_pages(int file, std::uint64_t size) {
  std::vector<std::uint32_t> found;
  void* base = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
  if (base == MAP_FAILED) fail("mmap");
  const auto* bytes = static_cast<const volatile char*>(base);
  for (std::uint64_t at = 0; at < size; at += page_bytes) {
    const std::uint64_t before = blocks_of(file);
    static_cast<void>(bytes[at]);
    if (blocks_of(file) == before)
      found.push_back(static_cast<std::uint32_t>(at / page_bytes));
    else if (::fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(at),
                         page_bytes) != 0)
      fail("punching a hole");
  }
  ::munmap(base, size);
  return found;
}

std::vector<std::uint32_t> touched_pages_of(int file) {
  std::vector<std::uint32_t> found;
  off_t at = 0;
  for (;;) {
    const off_t begin = ::lseek(file, at, SEEK_DATA);
    if (begin < 0) return found;
    const off_t end = ::lseek(file, begin, SEEK_HOLE);
    for (off_t page = begin / static_cast<off_t>(page_bytes);
         page * static_cast<off_t>(page_bytes) < end; ++page)
      found.push_back(static_cast<std::uint32_t>(page));
    at = end;
  }
}

constexpr std::uint64_t hash_of(const std::byte* bytes, std::size_t length, std::uint64_t hash) {
  for (std::size_t i = 0; i + 8 <= length; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes + i, 8);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 29;
  }
  return hash;
}

// {offset in the file, length}
using range = std::pair<std::size_t, std::size_t>;

// Where times stand. Whether a coarse clock has moved on since the last look is not the call's
// doing.
std::vector<range> find_times() {
  using namespace twinmap::storage;
  using twinmap::platform::lease_record;
  constexpr std::size_t care = offsetof(segment_header, care);
  std::vector<range> found{
      {offsetof(segment_header, counts) + offsetof(header_counts, amended_since), 8},
      {care + offsetof(header_care, seen_at), 8},
      {care + offsetof(header_care, due_since), 8},
      {care + offsetof(header_care, held_since), 8}};
  for (std::size_t lease = header_bytes; lease != header_bytes + page_bytes; lease += lease_stride)
    found.emplace_back(lease + offsetof(lease_record, since), sizeof(lease_record::since));
  return found;
}

// And where it says who it was.
std::vector<range> find_names() {
  using namespace twinmap::storage;
  using twinmap::platform::lease_record;
  std::vector<range> found = find_times();
  for (std::size_t lease = header_bytes; lease != header_bytes + page_bytes; lease += lease_stride)
    found.emplace_back(lease + offsetof(lease_record, process),
                       offsetof(lease_record, since) - offsetof(lease_record, process));
  return found;
}

// Made before any handler runs, by the constructor of who watches.
const std::vector<range>& times() {
  static const std::vector<range> all = find_times();
  return all;
}
const std::vector<range>& times_and_names() {
  static const std::vector<range> all = find_names();
  return all;
}

void blank(std::byte* of_page, std::uint32_t page, const std::vector<range>& what) noexcept {
  const std::size_t start = page * page_bytes;
  for (const auto& [offset, length] : what)
    if (offset >= start && offset < start + page_bytes)
      std::memset(of_page + (offset - start), 0, length);
}

}  // namespace

std::vector<std::uint32_t> touched_pages(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return {};
  return touched_pages_of(open_file(path, O_RDONLY));
}

map_image::file::file(const std::filesystem::path& where) : path(where) {
  if (!std::filesystem::exists(path)) return;
  exists = true;
  const open_file from(path, O_RDWR);
  struct stat status {};
  if (::fstat(from, &status) != 0) fail("fstat");
  mode = status.st_mode & 07777;
  size = static_cast<std::uint64_t>(status.st_size);
  touched = touched_pages_of(from);
  bytes.resize(touched.size() * page_bytes);
  for (std::size_t i = 0; i != touched.size(); ++i)
    if (::pread(from, bytes.data() + i * page_bytes, page_bytes,
                static_cast<off_t>(touched[i] * page_bytes)) < 0)
      fail("pread");
  resident = resident_pages(from, size);
}

void map_image::file::restore() const {
  ::unlink(path.c_str());
  if (!exists) return;
  const open_file to(path, O_RDWR | O_CREAT | O_EXCL, 0600);
  if (::fchmod(to, mode) != 0 || ::ftruncate(to, static_cast<off_t>(size)) != 0) fail(path);
  for (std::size_t i = 0; i != resident.size();) {
    std::size_t last = i + 1;
    while (last != resident.size() && resident[last] == resident[last - 1] + 1)
      ++last;
    if (::fallocate(to, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(resident[i] * page_bytes),
                    static_cast<off_t>((last - i) * page_bytes)) != 0)
      fail("fallocate");
    i = last;
  }
  for (std::size_t i = 0; i != touched.size(); ++i) {
    const std::uint64_t at = touched[i] * page_bytes;
    const auto length = std::min<std::uint64_t>(page_bytes, size - at);
    if (::pwrite(to, bytes.data() + i * page_bytes, length, static_cast<off_t>(at)) < 0)
      fail("pwrite");
  }
}

const std::vector<std::uint32_t>& map_image::resident() const {
  return segment_.resident;
}

map_image::map_image(const test_support::scoped_name& name)
    : segment_(name.segment_file()), lock_(name.lock_file()) {}

void map_image::restore() const {
  segment_.restore();
  lock_.restore();
}

image_watch::image_watch(const std::filesystem::path& path, std::vector<std::uint32_t> pages,
                         std::vector<std::uint32_t> resident)
    : path_(path),
      pages_(std::move(pages)),
      resident_blocks_(resident.size() * (page_bytes / 512)),
      seen_(pages_.size() * page_bytes) {
  std::set_intersection(pages_.begin(), pages_.end(), resident.begin(), resident.end(),
                        std::back_inserter(resident_));
  times();
  times_and_names();
  changed();
}

image_watch::~image_watch() {
  if (base_ != nullptr) ::munmap(base_, size_);
  if (file_ >= 0) ::close(file_);
}

bool image_watch::mutex_is_held() const noexcept {
  constexpr std::size_t at = offsetof(twinmap::storage::segment_header, locked) +
                             offsetof(twinmap::storage::header_locked, mutex);
  constexpr auto page = static_cast<std::uint32_t>(at / page_bytes);
  const auto found = std::lower_bound(pages_.begin(), pages_.end(), page);
  if (found == pages_.end() || *found != page) return false;
  const auto number = static_cast<std::size_t>(found - pages_.begin());
  std::uint32_t word = 0;
  std::memcpy(&word, seen_.data() + number * page_bytes + at % page_bytes, sizeof word);
  return twinmap::platform::robust_mutex::is_held(std::atomic<std::uint32_t>(word));
}

range_of_memory image_watch::mapped() const noexcept {
  const auto begin = reinterpret_cast<std::uintptr_t>(base_);
  return {begin, base_ == nullptr ? begin : begin + size_};
}

bool image_watch::open() noexcept {
  if (file_ >= 0) return true;
  file_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (file_ < 0) return false;
  struct stat status {};
  ::fstat(file_, &status);
  first_blocks_ = blocks_ = static_cast<std::uint64_t>(status.st_blocks);
  size_ = static_cast<std::uint64_t>(status.st_size);
  void* base = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file_, 0);
  if (base != MAP_FAILED) base_ = static_cast<std::byte*>(base);
  whole_ = base_ != nullptr && blocks_ == resident_blocks_;
  for (const std::uint32_t page : pages_)
    any_changed(page, false);
  return true;
}

bool image_watch::any_changed(std::uint32_t page, bool mapped) noexcept {
  std::byte copy[page_bytes];
  const std::byte* now = mapped ? base_ + page * page_bytes : copy;
  if (!mapped && ::pread(file_, copy, page_bytes, static_cast<off_t>(page * page_bytes)) < 0)
    return false;
  const auto number = std::lower_bound(pages_.begin(), pages_.end(), page) - pages_.begin();
  std::byte* before = seen_.data() + static_cast<std::size_t>(number) * page_bytes;
  if (std::memcmp(before, now, page_bytes) == 0) return false;
  std::byte masked[2][page_bytes];
  std::memcpy(masked[0], before, page_bytes);
  std::memcpy(masked[1], now, page_bytes);
  std::memcpy(before, masked[1], page_bytes);
  for (std::byte* each : masked)
    blank(each, page, times());
  return std::memcmp(masked[0], masked[1], page_bytes) != 0;
}

bool image_watch::changed() noexcept {
  const bool opened = file_ < 0;
  if (!open()) return false;
  struct stat status {};
  ::fstat(file_, &status);
  const auto blocks = static_cast<std::uint64_t>(status.st_blocks);
  bool any = opened || blocks != blocks_;
  blocks_ = blocks;
  // A look through a mapping would give memory to a page that has none. So that way is for as long
  // as none has come or gone.
  if (blocks != first_blocks_) whole_ = false;
  for (const std::uint32_t page : whole_ ? resident_ : pages_)
    any = any_changed(page, whole_) || any;
  return any;
}

std::uint64_t image_watch::hash() noexcept {
  static constexpr std::byte zero[page_bytes] = {};
  std::uint64_t hash = blocks_;
  std::byte masked[page_bytes];
  for (std::size_t i = 0; i != pages_.size(); ++i) {
    std::memcpy(masked, seen_.data() + i * page_bytes, page_bytes);
    blank(masked, pages_[i], times_and_names());
    if (std::memcmp(masked, zero, page_bytes) == 0) continue;
    hash = hash_of(masked, page_bytes, hash + pages_[i]);
  }
  return hash;
}

}  // namespace step_tests
