#include "image.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <maps/self_verifying.hpp>
#include <twinmap/storage/plan.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace garbage_tests {
namespace {

constexpr std::size_t page_bytes = 4096;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::system_category(), what);
}

}  // namespace

image::image(std::uint8_t victim) : number_(victim) {
  what().make(name_, name_.directory().string());
  file_ = ::open(name_.segment_file().c_str(), O_RDWR | O_CLOEXEC);
  struct stat status;
  if (file_ < 0 || ::fstat(file_, &status) != 0) fail("open a victim");
  pristine_.resize(static_cast<std::size_t>(status.st_size));
  void* base = ::mmap(nullptr, pristine_.size(), PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0);
  if (base == MAP_FAILED) fail("map a victim");
  base_ = static_cast<std::byte*>(base);
  std::memcpy(pristine_.data(), base_, pristine_.size());
  anatomy_ = std::make_unique<anatomy>(base_);
}

image::~image() {
  ::munmap(base_, pristine_.size());
  ::close(file_);
}

// What stands there already is no damage, and is not counted.
void image::put(place where, std::uint32_t offset, std::uint64_t word, tally& words) {
  const bool same = std::memcmp(base_ + offset, &word, sizeof word) == 0;
  std::memcpy(base_ + offset, &word, sizeof word);
  words[static_cast<std::size_t>(where)] += same ? 0u : 1u;
}

void image::put_row(const edit& one, tally& words) {
  const auto& all = anatomy_->words(one.where);
  const std::size_t first = (std::size_t{one.at} * all.size()) >> 16;
  const std::size_t length = 2 + one.value % 40;
  test_maps::random_source random(one.value);
  for (std::size_t i = first; i != std::min(first + length, all.size()); ++i)
    put(one.where, all[i], one.what == harm::zero ? 0 : random(), words);
}

void image::spoil_further(const edit& one, tally& words) {
  const auto& all = anatomy_->words(one.where);
  const std::uint32_t at = anatomy_->word(one);
  std::uint64_t old;
  std::memcpy(&old, base_ + at, sizeof old);
  std::uint64_t other;
  std::memcpy(&other, base_ + all[one.value % all.size()], sizeof other);
  switch (one.what) {
    case harm::flip:
      return put(one.where, at, old ^ (1ull << (one.value % 64)), words);
    case harm::set:
      return put(one.where, at, one.value, words);
    case harm::add:
      return put(one.where, at, old + one.value % 33 - 16, words);
    case harm::copy:
      return put(one.where, at, other, words);
    case harm::link:
      return put(one.where, at, plausible(*anatomy_, one.where, at, old, one.value), words);
    default:
      return put_row(one, words);
  }
}

// Not after a cut that left less than a page.
bool image::has_header() const {
  if (!cut_) return true;
  struct stat status;
  return ::fstat(file_, &status) == 0 && static_cast<std::uint64_t>(status.st_size) >= page_bytes;
}

// What was cut off is gone; the file is not looked at until it is put back.
void image::cut(std::uint64_t value, tally& words) {
  std::uint64_t size = value % pristine_.size();
  if (value % 3 != 0) size = size / page_bytes * page_bytes;
  if (size >= page_bytes && has_header()) {
    const auto& constant = anatomy_->constant();
    auto* header = reinterpret_cast<twinmap::storage::segment_header*>(base_);
    // Only a forged checksum makes the library look any further.
    if (value % 2 == 0) header->constant = constant;
    header->constant.file_size = size;
  }
  if (::ftruncate(file_, static_cast<off_t>(size)) != 0) fail("cut a victim");
  ++words[static_cast<std::size_t>(place::file)];
  cut_ = true;
}

void image::seal_constant() {
  if (!has_header()) return;
  auto* header = reinterpret_cast<twinmap::storage::segment_header*>(base_);
  header->constant.checksum = twinmap::storage::header_checksum(header->constant);
}

void image::spoil(const damage& what, tally& words) {
  bool sealed = false;
  for (const edit& one : what.edits) {
    sealed = sealed || one.where == place::sealed_constant;
    if (one.where != place::file) spoil_further(one, words);
  }
  forged_ = sealed;
  for (const edit& one : what.edits)
    if (one.where == place::file) cut(one.value, words);
  if (sealed) seal_constant();
  if (!cut_) std::memcpy(&spoilt_constant_, base_, sizeof spoilt_constant_);
}

void image::restore() {
  // Whoever died may have left it cut.
  if (::ftruncate(file_, static_cast<off_t>(pristine_.size())) != 0) fail("restore a victim");
  for (std::size_t at = 0; at < pristine_.size(); at += page_bytes) {
    const std::size_t length = std::min(page_bytes, pristine_.size() - at);
    if (std::memcmp(base_ + at, pristine_.data() + at, length) != 0)
      std::memcpy(base_ + at, pristine_.data() + at, length);
  }
  cut_ = false;
  forged_ = false;
}

bool image::kept_its_bounds() const {
  if (cut_) return true;
  if (std::memcmp(base_, &spoilt_constant_, sizeof spoilt_constant_) != 0) return false;
  if (forged_) return true;
  return std::all_of(anatomy_->gaps().begin(), anatomy_->gaps().end(), [this](const auto& gap) {
    return std::equal(base_ + gap.first, base_ + gap.second,
                      pristine_.begin() + static_cast<std::ptrdiff_t>(gap.first));
  });
}

}  // namespace garbage_tests
